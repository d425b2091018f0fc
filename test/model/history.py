"""One history of one event: what clients asked and were answered, and what its database says happened. check() decides, by
the model, whether it may be so.

A history is a dict, which may be kept as JSON:

    event       the event and its sections
    calls       client, operation, user, arguments, began, ended, outcome ("ok" or a SQLSTATE), answer. A call that had to be
                repeated, because nobody knew its outcome, is one call: from its first beginning to its last end
    happened    the outbox's rows: (moment, transaction, type, id, what it is afterwards)
    state       what is left, and `read`, the moment at which it was read
"""

import collections

from claims import Claims, seconds
from model import Disagreement, Model, Section

# What a call may be refused with: taken, too few, hold expired, too many holds, hold not active, ticket already cancelled,
# others wait, seats are free, waits already, waits for more than there is, waits not, has no offer.
TAKEN, SHORT, GATED = "VE101", "VE102", "VE301"
REFUSALS = {TAKEN, SHORT, GATED, "VE107", "VE108", "VE109", "VE204", "VE302", "VE303", "VE304", "VE305", "VE306"}

# How long holds and offers live in these histories.
HOLD_TTL_S = 1

GIVES = ("HOLD_RELEASED", "HOLD_EXPIRED", "BOOKING_CANCELLED", "TICKETS_CANCELLED", "WAITLIST_JOINED")


def times_as_numbers(thing):
    """JSON with its times as seconds, to compare them."""
    if isinstance(thing, dict):
        return {key: times_as_numbers(value) for key, value in thing.items()}
    if isinstance(thing, str) and len(thing) >= 20 and thing[4] == "-" and thing[10] == "T":
        return seconds(thing)
    return thing


def read_history(cursor, event, calls):
    """In one snapshot, at a moment at which no hold runs out."""
    while True:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        began = read_clock(cursor)
        state = read_state(cursor, event["event_id"])
        ended = read_clock(cursor)
        cursor.execute(
            "SELECT count(*) FROM evently.hold WHERE event_id = %s AND extract(epoch FROM expires_at) BETWEEN %s AND %s",
            (event["event_id"], began, ended),
        )
        [running_out] = cursor.fetchone()
        happened = read_happened(cursor, event["event_id"])
        cursor.execute("COMMIT")
        if running_out == 0:
            return {"event": event, "calls": calls, "happened": happened, "state": state, "read": ended}


def read_clock(cursor):
    cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float")
    return cursor.fetchone()[0]


def read_happened(cursor, event_id):
    cursor.execute(
        "SELECT extract(epoch FROM occurred_at)::float, xid::text::bigint, type, aggregateid, payload"
        "  FROM evently.outbox WHERE event_id = %s ORDER BY occurred_at, id",
        (event_id,),
    )
    rows = [(at, xid, kind, thing, times_as_numbers(payload)) for at, xid, kind, thing, payload in cursor.fetchall()]
    return [(decided(at, kind, now), xid, kind, thing, now) for at, xid, kind, thing, now in rows]


def decided(at, kind, now):
    """A thing is decided and then told of; where the hold could run out between the two, the first moment counts."""
    if kind == "BOOKING_CONFIRMED":
        return now["created_at"]
    return min(at, now["expires_at"] - HOLD_TTL_S) if kind == "HOLD_EXTENDED" else at


def read_state(cursor, event_id):
    """As Model.state() tells it; a hold past its end is over, whether or not somebody has tidied it up."""

    def rows(query):
        cursor.execute(query, (event_id,))
        return dict(cursor.fetchall())

    return {
        "holds": rows("SELECT hold_id, CASE WHEN status = 'active' AND expires_at <= clock_timestamp() THEN 'expired'"
                      " ELSE status::text END FROM evently.hold WHERE event_id = %s"),
        "bookings": rows("SELECT booking_id, status::text FROM evently.booking WHERE event_id = %s"),
        "owners": rows("SELECT label, coalesce(booking_id, hold_id) FROM evently.event_seat WHERE event_id = %s"
                       " AND (booking_id IS NOT NULL OR held_until > clock_timestamp())"),
        "entries": rows("SELECT w.entry_id, CASE WHEN w.status = 'notified' AND h.expires_at <= clock_timestamp() THEN 'expired'"
                        " ELSE w.status::text END FROM evently.waitlist_entry w LEFT JOIN evently.hold h"
                        " ON h.event_id = w.event_id AND h.hold_id = w.hold_id WHERE w.event_id = %s"),
        "available": rows("SELECT s.section_id, s.available_seats FROM evently.get_availability(%s) a, unnest(a.sections) s"),
    }


def in_order(happened):
    """By the moments of decision; what one transaction did is one change: it takes, for those who wait, of what it gives back."""
    first = {}
    for at, xid, *_ in happened:
        first[xid] = min(at, first.get(xid, at))
    return sorted(happened, key=lambda row: (first[row[1]], row[1], row[2] not in GIVES, row[0]))


def check(log):
    """Everything that the log lets us compare; a summary of it."""
    calls, event = log["calls"], log["event"]
    claims = Claims(log["happened"], calls)
    claims.check(log["happened"])
    happened = [(at, claims.seen(at, xid), kind, thing, now) for at, xid, kind, thing, now in in_order(log["happened"])]
    offers = {now["offer"]["hold_id"]: thing for _, _, kind, thing, now in happened if kind == "WAITLIST_OFFERED"}
    model = Model({s["section_id"]: Section(s["capacity"], frozenset(s["seats"])) for s in event["sections"]}, offers)
    model.replay(happened)
    model.expire(log["read"])

    state = model.state()
    for part, expected in state.items():
        if expected != log["state"][part]:
            different = {key for key in expected.keys() | log["state"][part].keys()
                         if expected.get(key) != log["state"][part].get(key)}
            raise Disagreement(f"{part}: {[(k, expected.get(k), log['state'][part].get(k)) for k in sorted(different)[:5]]}")

    outcomes = collections.Counter(call["outcome"] for call in calls)
    strange = outcomes.keys() - REFUSALS - {"ok"}
    if strange:
        raise Disagreement(f"refused with {[call for call in calls if call['outcome'] in strange][:3]}")
    if outcomes["ok"] == 0:
        raise Disagreement("nothing was acknowledged")
    for call in calls:
        check_answer(model, call)
    return outcomes


def check_answer(model, call):
    arguments, answer, began, ended = call["arguments"], call["answer"], call["began"], call["ended"]
    if call["outcome"] == SHORT:
        if model.least_available(arguments["section_id"], began, ended) >= arguments["quantity"]:
            raise Disagreement(f"refused what was there: {call}")
    if call["outcome"] == GATED and not model.was_waited_for(began, ended):
        raise Disagreement(f"refused for those who wait, and nobody did: {call}")
    if call["outcome"] == TAKEN:
        if not any(model.was_occupied(seat, began, ended) for seat in arguments["seat_ids"]):
            raise Disagreement(f"refused seats that nobody had: {call}")
    if call["outcome"] == "ok" and call["operation"] == "get_availability":
        for section in answer["sections"]:
            check_available(model, section["section_id"], section["available_seats"], call)
    if call["outcome"] == "ok" and call["operation"] == "get_booking":
        check_tickets(model, answer["tickets"], call)


def check_available(model, section, available, call):
    began, ended = call["began"], call["ended"]
    if not model.least_available(section, began, ended) <= available <= model.most_available(section, began, ended):
        raise Disagreement(f"read what never was: {available} in {section}: {call}")


def check_tickets(model, tickets, call):
    for ticket in tickets:
        moment, seen = model.cancelled.get(ticket["ticket_id"], (float("inf"), float("inf")))
        if ticket["status"] == "valid" and seen < call["began"]:
            raise Disagreement(f"read a ticket that had been cancelled: {call}")
        if ticket["status"] != "valid" and call["ended"] < moment:
            raise Disagreement(f"read a cancellation that nobody had asked for: {call}")
