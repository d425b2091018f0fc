"""A storm of random calls on one event, from many connections at once, checked against the model (model.py).

    storm.py [--operations N] [--clients N] [--seed N] [--log FILE]     make a storm, keep its log, check it
    storm.py --replay FILE                                              check a log again, without a database

The database is the one that PGHOST, PGPORT, PGUSER and PGDATABASE name; the extension must be installed in it, and the
caller must be its superuser. What each client asks follows from the seed and from the answers it gets.
"""

import argparse
import collections
import contextlib
import json
import random
import sys
import threading
import time
import uuid
from datetime import datetime

import psycopg2

from model import Disagreement, Model, Section

ROUND = 500
ROWS, PLACES = 5, 40
HOLD_TTL_S = 1

# What a call may be refused with: taken, too few, hold expired, too many holds, hold not active, ticket already cancelled,
# others wait, seats are free, waits already, waits for more than there is, waits not, has no offer.
TAKEN, SHORT, GATED = "VE101", "VE102", "VE301"
REFUSALS = {TAKEN, SHORT, GATED, "VE107", "VE108", "VE109", "VE204", "VE302", "VE303", "VE304", "VE305", "VE306"}


def times_as_numbers(thing):
    """JSON with its times as seconds, to compare them."""
    if isinstance(thing, dict):
        return {key: times_as_numbers(value) for key, value in thing.items()}
    if isinstance(thing, str) and len(thing) >= 20 and thing[4] == "-" and thing[10] == "T":
        return datetime.fromisoformat(thing.replace("Z", "+00:00")).timestamp()
    return thing


class Client:
    """One connection, its random choices, and what it has of the event."""

    def __init__(self, number, seed, event, users):
        self.random = random.Random(f"{seed} {number}")
        self.number = number
        self.event = event
        self.users = users
        self.connection = psycopg2.connect("")
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.cursor.execute("SET evently.hold_ttl = %s; SET evently.offer_ttl = %s; SET evently.lock_timeout = '60s'",
                            (HOLD_TTL_S, HOLD_TTL_S))
        self.holds = []
        self.bookings = []
        self.log = []

    def call(self, operation, user, arguments):
        arguments = {"event_id": self.event["event_id"], "user_id": user, **arguments}
        names = ", ".join(f"{name} => %s" + ("::uuid[]" if name == "ticket_ids" else "") for name in arguments)
        began = time.time()
        try:
            self.cursor.execute(
                f"SELECT evently.render(r), pg_current_xact_id_if_assigned()::text::bigint"
                f" FROM evently.{operation}({names}) r",
                tuple(arguments.values()),
            )
            answer, xid = self.cursor.fetchone()
            outcome, answer = "ok", json.loads(answer) if isinstance(answer, str) else answer
        except psycopg2.Error as error:
            outcome, answer, xid = error.pgcode, error.diag.message_primary, None
        self.log.append({
            "client": self.number, "operation": operation, "user": user, "arguments": arguments,
            "began": began, "ended": time.time(), "outcome": outcome, "answer": answer, "xid": xid,
        })
        return answer if outcome == "ok" else None

    def wish(self):
        """Seats by name, or a number of tickets, anywhere or in one section."""
        section = self.random.choice(self.event["sections"])
        if section["seats"] and self.random.random() < 0.6:
            return {"seat_ids": self.random.sample(section["seats"], self.random.randint(1, 3))}
        return {"quantity": self.random.randint(1, 4), "section_id": section["section_id"]}

    def key(self):
        return str(uuid.UUID(int=self.random.getrandbits(128))) if self.random.random() < 0.3 else None

    def step(self):
        chosen = self.random.choices(self.WAYS, self.WEIGHTS)[0]
        chosen(self, self.random.choice(self.users))
        if self.log and self.random.random() < 0.05:
            self.retry(self.random.choice(self.log))

    def hold(self, user):
        hold = self.call("place_hold", user, {**self.wish(), "idempotency_key": self.key()})
        if hold:
            self.holds.append((user, hold["hold_id"]))

    def book(self, user):
        self.booked(user, self.call("book", user, {**self.wish(), "idempotency_key": self.key()}))

    def confirm(self, user):
        if self.holds:
            user, hold_id = self.random.choice(self.holds)
            self.booked(user, self.call("confirm_hold", user, {"hold_id": hold_id, "idempotency_key": self.key()}))

    def booked(self, user, booking):
        if booking:
            self.bookings.append((user, booking))

    def change_hold(self, user):
        if self.holds:
            user, hold_id = self.random.choice(self.holds)
            self.call(self.random.choice(["release_hold", "extend_hold"]), user, {"hold_id": hold_id})

    def cancel(self, user):
        if self.bookings:
            user, booking = self.random.choice(self.bookings)
            tickets = [t["ticket_id"] for t in booking["tickets"]]
            some = self.random.sample(tickets, self.random.randint(1, len(tickets)))
            wish = {"ticket_ids": some} if self.random.random() < 0.4 else {}
            self.call("cancel_booking", user, {"booking_id": booking["booking_id"], **wish, "idempotency_key": self.key()})

    def join(self, user):
        section = self.random.choice([*self.event["sections"], {"section_id": None}])
        self.call("join_waitlist", user, {"quantity": self.random.randint(1, 4), "section_id": section["section_id"]})

    def answer_offer(self, user):
        operation = self.random.choice(["accept_offer", "accept_offer", "decline_offer", "leave_waitlist"])
        answer = self.call(operation, user, {"idempotency_key": self.key()})
        if operation == "accept_offer":
            self.booked(user, answer)

    WAYS = [hold, book, confirm, change_hold, cancel, join, answer_offer]
    WEIGHTS = [30, 15, 15, 12, 18, 4, 10]

    def retry(self, call):
        """The same call with the same key: the same answer, whatever happened since."""
        if call["outcome"] == "ok" and call["arguments"].get("idempotency_key"):
            again = self.call(call["operation"], call["user"], call["arguments"])
            if again != call["answer"]:
                raise Disagreement(f"a retry got another answer: {again} after {call}")


def create_event(cursor):
    """Two sections with seats and one without, so that every way of asking has its chance to be refused."""
    cursor.execute(
        "SELECT v.venue_id FROM evently.create_venue('Storm', sections => %s) v",
        (json.dumps([
            {"name": "Stalls", "rows": ROWS, "seats_per_row": 8},
            {"name": "Balcony", "rows": 2, "seats_per_row": 8, "row_start": "J"},
            {"name": "Floor", "capacity": PLACES},
        ]),),
    )
    cursor.execute(
        "SELECT e.event_id FROM evently.create_event('Storm', now() + interval '1 day', venue_id => %s, base_price => 33.33) e",
        cursor.fetchone(),
    )
    event_id = cursor.fetchone()[0]
    cursor.execute(
        "SELECT s.section_id, s.capacity, ARRAY(SELECT m.seat_id FROM evently.get_seat_map(%s, s.section_id) m)"
        " FROM evently.get_sections(%s) g, unnest(g.sections) s",
        (event_id, event_id),
    )
    sections = [{"section_id": i, "capacity": c, "seats": seats} for i, c, seats in cursor.fetchall()]
    return {"event_id": event_id, "sections": sections}


def in_threads(work, things):
    failures = []

    def run(thing):
        try:
            work(thing)
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(thing,)) for thing in things]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def require_sound(cursor, done):
    cursor.execute("SELECT * FROM evently.verify()")
    problems = cursor.fetchall()
    if problems:
        raise Disagreement(f"after {done} operations evently.verify() says {problems[:5]}")


def read_happened(cursor, event_id):
    cursor.execute(
        "SELECT extract(epoch FROM occurred_at)::float, xid::text::bigint, type, aggregateid, payload"
        "  FROM evently.outbox WHERE event_id = %s ORDER BY occurred_at, id",
        (event_id,),
    )
    return [(at, xid, kind, thing, times_as_numbers(payload)) for at, xid, kind, thing, payload in cursor.fetchall()]


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


def make_storm(operations, clients, seed):
    users = [str(uuid.UUID(int=random.Random(f"{seed} user {i}").getrandbits(128))) for i in range(clients * 2)]
    with contextlib.closing(psycopg2.connect("")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        event = create_event(cursor)
        everybody = [Client(number, seed, event, users) for number in range(clients)]
        for done in range(0, operations, ROUND):
            share = min(ROUND, operations - done) // clients + 1
            in_threads(lambda client: [client.step() for _ in range(share)], everybody)
            require_sound(cursor, done + ROUND)
        time.sleep(HOLD_TTL_S)  # what the clients held is over; what a background worker offers from then on may live
        calls = [call for client in everybody for call in client.log]
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        log = {"event": event, "calls": calls, "happened": read_happened(cursor, event["event_id"]),
               "state": read_state(cursor, event["event_id"]), "read": time.time()}
        cursor.execute("COMMIT")
        for client in everybody:
            client.connection.close()
    return log


GIVES = ("HOLD_RELEASED", "HOLD_EXPIRED", "BOOKING_CANCELLED", "TICKETS_CANCELLED", "WAITLIST_JOINED")


def in_order(happened):
    """By their moments; what one transaction did is one change: it takes, for those who wait, of what it gives back."""
    first = {}
    for at, xid, *_ in happened:
        first[xid] = min(at, first.get(xid, at))
    return sorted(happened, key=lambda row: (first[row[1]], row[1], row[2] not in GIVES))


def check(log):
    """Everything that the log lets us compare; a summary of it."""
    calls, event = log["calls"], log["event"]
    ended = {call["xid"]: call["ended"] for call in calls if call["xid"]}
    happened = [(at, ended.get(xid, at), kind, thing, now) for at, xid, kind, thing, now in in_order(log["happened"])]
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
    arguments = call["arguments"]
    if call["outcome"] == "ok" and call["operation"] in ("book", "confirm_hold"):
        booking = model.bookings.get(call["answer"]["booking_id"])
        if booking is None or booking.user != call["user"]:
            raise Disagreement(f"an acknowledged booking is not there: {call}")
    if call["outcome"] == "ok" and call["operation"] == "cancel_booking":
        if call["answer"]["ticket_ids"] and model.bookings[arguments["booking_id"]].tickets.keys() & set(call["answer"]["ticket_ids"]):
            raise Disagreement(f"an acknowledged cancellation is not there: {call}")
    if call["outcome"] == SHORT:
        section = arguments["section_id"]
        if model.least_available(section, call["began"], call["ended"]) >= arguments["quantity"]:
            raise Disagreement(f"refused what was there: {call}")
    if call["outcome"] == GATED:
        if not model.was_waited_for(call["began"], call["ended"]):
            raise Disagreement(f"refused for those who wait, and nobody did: {call}")
    if call["outcome"] == TAKEN:
        if not any(model.was_occupied(seat, call["began"], call["ended"]) for seat in arguments["seat_ids"]):
            raise Disagreement(f"refused seats that nobody had: {call}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--operations", type=int, default=10000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", default="build/storm.json")
    parser.add_argument("--replay")
    arguments = parser.parse_args()
    if arguments.replay:
        with open(arguments.replay, encoding="utf-8") as file:
            log = json.load(file)
    else:
        log = make_storm(arguments.operations, arguments.clients, arguments.seed)
        with open(arguments.log, "w", encoding="utf-8") as file:
            json.dump(log, file)
    outcomes = check(log)
    print(f"{sum(outcomes.values())} calls: " + ", ".join(f"{n} {code}" for code, n in sorted(outcomes.items())))


if __name__ == "__main__":
    sys.exit(main())
