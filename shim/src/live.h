/*
 * Live updates, as Server-Sent Events or over a WebSocket: GET events/{id}/live tells of an event, GET
 * waitlist/{event_id}/live of the caller's place in its queue alone.
 *
 * First comes the event's availability, as `state`; then each `change` with the seats that may be others now. Who comes
 * back with the id of what he saw last (Last-Event-ID) gets the changes since, or, where they are not kept any more, a
 * `reset`: the state again, and all that he knows of seats may be out of date. Who sends an access token is told his
 * place in the queue too, as `waitlist`: at once, and whenever it is another one. A WebSocket gets the same as
 * {"event","id","data"}.
 *
 * A worker has no more than EVENTLY_LIVE_CONNECTIONS streams, an account or a stranger's address no more than
 * EVENTLY_LIVE_PER_CLIENT of them.
 */
#ifndef EV_LIVE_H
#define EV_LIVE_H

struct request;

void live_prepare(void);
void live_event(struct request *rq);
void live_place(struct request *rq);
void live_stop(void);

#endif
