"""A storm of random calls on one event, from many connections at once, checked against the model (model.py).

    storm.py [--operations N] [--clients N] [--seed N] [--log FILE]     make a storm, keep its log, check it
    storm.py --replay FILE                                              check a log again, without a database

The database is the one that PGHOST, PGPORT, PGUSER and PGDATABASE name; the extension must be installed in it, and the
caller must be its superuser. What each client asks follows from the seed and from the answers it gets.
"""

import argparse
import contextlib
import json
import random
import sys
import threading
import time
import uuid

import psycopg2

from history import HOLD_TTL_S, check, read_history
from model import Disagreement

ROUND = 500
ROWS, PLACES = 5, 40


def ask(cursor, operation, arguments):
    """The answer to a call by SQL, as the web app renders it."""
    names = ", ".join(f"{name} => %s" + ("::uuid[]" if name == "ticket_ids" else "") for name in arguments)
    cursor.execute(f"SELECT evently.render(r) FROM evently.{operation}({names}) r", tuple(arguments.values()))
    return cursor.fetchone()[0]


class Session:
    """A door to what is sold: SQL, on a connection of its own."""

    def __init__(self):
        self.connection = psycopg2.connect("")
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.cursor.execute("SET evently.hold_ttl = %s; SET evently.offer_ttl = %s; SET evently.lock_timeout = '60s'",
                            (HOLD_TTL_S, HOLD_TTL_S))

    def call(self, operation, arguments):
        try:
            return "ok", ask(self.cursor, operation, arguments)
        except psycopg2.Error as error:
            return error.pgcode, error.diag.message_primary

    def close(self):
        self.connection.close()


class Client:
    """Its random choices, and what it has of the event. Its door answers a call with "ok" and what came of it, or with a
    SQLSTATE and a message.
    """

    def __init__(self, number, seed, event, users, door):
        self.random = random.Random(f"{seed} {number}")
        self.number = number
        self.event = event
        self.users = users
        self.door = door
        self.holds = []
        self.bookings = []
        self.log = []

    def call(self, operation, user, arguments):
        arguments = {"event_id": self.event["event_id"], **({"user_id": user} if user else {}), **arguments}
        began = time.time()
        outcome, answer = self.door.call(operation, arguments)
        self.log.append({
            "client": self.number, "operation": operation, "user": user, "arguments": arguments,
            "began": began, "ended": time.time(), "outcome": outcome, "answer": answer,
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
            operation = self.random.choice(["release_hold", "extend_hold"])
            self.call(operation, user, {"hold_id": hold_id, "idempotency_key": self.key()})

    def cancel(self, user):
        if self.bookings:
            user, booking = self.random.choice(self.bookings)
            tickets = [t["ticket_id"] for t in booking["tickets"]]
            some = self.random.sample(tickets, self.random.randint(1, len(tickets)))
            wish = {"ticket_ids": some} if self.random.random() < 0.4 else {}
            self.call("cancel_booking", user, {"booking_id": booking["booking_id"], **wish, "idempotency_key": self.key()})

    def join(self, user):
        section = self.random.choice([*self.event["sections"], {"section_id": None}])
        wish = {"quantity": self.random.randint(1, 4), "section_id": section["section_id"]}
        self.call("join_waitlist", user, {**wish, "idempotency_key": self.key()})

    def answer_offer(self, user):
        operation = self.random.choice(["accept_offer", "accept_offer", "decline_offer", "leave_waitlist"])
        answer = self.call(operation, user, {"idempotency_key": self.key()})
        if operation == "accept_offer":
            self.booked(user, answer)

    def look(self, user):
        if self.bookings and self.random.random() < 0.5:
            user, booking = self.random.choice(self.bookings)
            self.call("get_booking", user, {"booking_id": booking["booking_id"]})
        else:
            self.call("get_availability", None, {})

    WAYS = [hold, book, confirm, change_hold, cancel, join, answer_offer, look]
    WEIGHTS = [30, 15, 15, 12, 18, 4, 10, 6]

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


def make_storm(operations, clients, seed):
    users = [str(uuid.UUID(int=random.Random(f"{seed} user {i}").getrandbits(128))) for i in range(clients * 2)]
    with contextlib.closing(psycopg2.connect("")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        event = create_event(cursor)
        everybody = [Client(number, seed, event, users, Session()) for number in range(clients)]
        for done in range(0, operations, ROUND):
            share = min(ROUND, operations - done) // clients + 1
            in_threads(lambda client: [client.step() for _ in range(share)], everybody)
            require_sound(cursor, done + ROUND)
        calls = [call for client in everybody for call in client.log]
        log = read_history(cursor, event, calls)
        for client in everybody:
            client.door.close()
    return log


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
