#!/usr/bin/python3
"""Waiters join a sold-out event and tickets are given back, from many connections at once, while newcomers try to book. Then:
everybody has a position of his own, who was served are the first of the queue, in its order, all that fit, and no ticket
is lost or sold twice.

The long form, on the database that PGHOST and its like name, with Evently in it:

    test/http/waitlist_storm.py 10000 5000 16       # waiters, tickets given back, connections
"""

import random
import sys
import threading
import time

import psycopg2

from client import in_parallel

SEED = 20261121


def connection():
    opened = psycopg2.connect("")
    opened.autocommit = True
    return opened


def rows(db, statement, *values):
    with db.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def sold_out_event(db, tickets):
    """An event all of whose tickets are booked, one by one; the bookings."""
    [(event,)] = rows(
        db,
        "SELECT event_id FROM evently.create_event('Waitlist storm', now() + interval '1 day', total_capacity => %s)",
        tickets,
    )
    booked = rows(
        db,
        "SELECT (evently.book(%s, md5('owner ' || i)::uuid, quantity => 1)).booking_id FROM generate_series(1, %s) i",
        event,
        tickets,
    )
    return event, [booking for booking, in booked]


def shared_out(work, connections, do):
    """Does each piece of work, from so many connections at once; the seconds it took."""
    queue, lock = list(work), threading.Lock()

    def worker():
        db = connection()
        while True:
            with lock:
                if not queue:
                    db.close()
                    return
                piece = queue.pop()
            do(db, piece)

    start = time.monotonic()
    in_parallel([worker] * connections, threads=connections)
    return time.monotonic() - start


def join(db, event, number, party):
    rows(db, "SELECT evently.join_waitlist(%s, md5('waiter ' || %s)::uuid, %s)", event, number, party)


def give_back(db, event, booking, newcomer):
    """Every tenth is followed by a newcomer, who is refused: somebody waits."""
    rows(db, "SELECT evently.cancel_booking(%s, %s)", event, booking)
    if newcomer:
        try:
            rows(db, "SELECT evently.book(%s, gen_random_uuid(), quantity => 1)", event)
        except psycopg2.Error as error:
            assert error.pgcode == "VE301", error  # WAITLIST_ACTIVE
        else:
            raise AssertionError("a newcomer was served before those who wait")


def check(db, event, waiters, tickets):
    """The documented order: strictly by position, the first who does not fit keeps the rest."""
    entries = rows(
        db,
        "SELECT position, quantity, status, notified_at FROM evently.waitlist_entry WHERE event_id = %s ORDER BY position",
        event,
    )
    assert [entry[0] for entry in entries] == list(range(1, waiters + 1)), "a position is missing, or given twice"
    left, expected = tickets, 0
    for _, party, *_ in entries:
        if party > left:
            break
        left, expected = left - party, expected + 1
    assert [entry[2] for entry in entries] == ["notified"] * expected + ["active"] * (waiters - expected)
    times = [entry[3] for entry in entries[:expected]]
    assert times == sorted(times), "somebody was served before who joined earlier"
    [(available,)] = rows(db, "SELECT available_seats FROM evently.get_event(%s)", event)
    assert available == left, f"{available} tickets are free, not {left}"
    assert rows(db, "SELECT * FROM evently.verify()") == []
    return expected


def storm(waiters, tickets, connections):
    chance = random.Random(SEED)
    db = connection()
    event, bookings = sold_out_event(db, tickets)
    parties = [(number, chance.choice([1, 1, 1, 2, 2, 3])) for number in range(waiters)]
    joining = shared_out(parties, connections, lambda db, party: join(db, event, *party))
    chance.shuffle(bookings)
    work = [(booking, number % 10 == 0) for number, booking in enumerate(bookings)]
    giving = shared_out(work, connections, lambda db, piece: give_back(db, event, *piece))
    served = check(db, event, waiters, tickets)
    db.close()
    return (
        f"{waiters} joined in {joining:.1f} s ({waiters / joining:.0f}/s), {tickets} tickets given back in {giving:.1f} s"
        f" ({tickets / giving:.0f}/s) served {served} parties, in order"
    )


if __name__ == "__main__":
    print(storm(*[int(argument) for argument in sys.argv[1:]]))
