"""The background worker: what time brings about happens with nobody calling, and nothing is wrong when it dies."""

import contextlib
import os
import random
import signal
import threading

import pytest

from cluster import wait_until

PERSON = "0190a000-0000-7000-8000-000000000001"


@pytest.fixture
def hold(cluster, shop):
    """A hold of so many seconds; its id."""

    def make(event_id, seconds, quantity=2):
        with contextlib.closing(cluster.connect(shop)) as connection, connection.cursor() as cursor:
            # The first call loads the library: from then on the setting is known for what it is.
            cursor.execute("SELECT evently.round_money(1, 'EUR')")
            cursor.execute("SET evently.hold_ttl = %s", (seconds,))
            cursor.execute("SELECT hold_id::text FROM evently.hold_tickets(%s, gen_random_uuid(), %s)", (event_id, quantity))
            return cursor.fetchone()[0]

    return make


@pytest.fixture
def status(cluster, shop):
    return lambda hold_id: cluster.value(shop, "SELECT status FROM evently.hold WHERE hold_id = %s", hold_id)


@pytest.fixture
def told(cluster, shop):
    """What the outbox tells of a thing."""
    return lambda thing: [row[0] for row in cluster.sql(shop, "SELECT type FROM evently.outbox WHERE aggregateid = %s ORDER BY xid, id", thing)]


def none_expired_early(cluster, shop, event_id):
    return cluster.value(
        shop,
        "SELECT bool_and(o.occurred_at >= h.expires_at) FROM evently.hold h JOIN evently.outbox o ON o.aggregateid = h.hold_id"
        " WHERE h.event_id = %s AND o.type = 'HOLD_EXPIRED'",
        event_id,
    )


def test_it_is_there_for_each_database_that_is_named(cluster, shop):
    assert cluster.worker(shop)
    rows = cluster.sql(shop, "SELECT datname, backend_type FROM pg_stat_activity WHERE pid = %s", cluster.worker(shop))
    assert rows == [("shop", "evently worker")]


def test_a_hold_expires_with_nobody_calling(cluster, shop, new_event, hold, status, told):
    """H32's ground: what has run out is handed back within about a second of its end."""
    event_id = new_event()
    short, long = hold(event_id, 2), hold(event_id, 600)
    wait_until(lambda: status(short) == "expired", "the hold is expired")
    assert status(long) == "active"
    assert told(short) == ["HOLD_CREATED", "HOLD_EXPIRED"]
    assert none_expired_early(cluster, shop, event_id)
    assert cluster.value(shop, "SELECT sum(available) FROM evently.stock WHERE event_id = %s", event_id) == 98


def test_an_offer_that_runs_out_is_passed_on(cluster, shop, new_event):
    """H32: to the next who waits, within about a second of its end."""
    event_id = new_event(total_capacity=1)
    booking_id = cluster.value(shop, "SELECT booking_id FROM evently.book(%s, gen_random_uuid(), quantity => 1)", event_id)
    first, second = (
        cluster.value(shop, "SELECT entry_id::text FROM evently.join_waitlist(%s, gen_random_uuid())", event_id) for _ in range(2)
    )
    with contextlib.closing(cluster.connect(shop)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT evently.round_money(1, 'EUR')")
        cursor.execute("SET evently.offer_ttl = 2")
        cursor.execute("SELECT FROM evently.cancel_booking(%s, %s)", (event_id, booking_id))

    def entry(entry_id):
        return cluster.value(shop, "SELECT status FROM evently.waitlist_entry WHERE entry_id = %s", entry_id)

    assert (entry(first), entry(second)) == ("notified", "active")
    wait_until(lambda: entry(second) == "notified", "the second has an offer")
    assert entry(first) == "expired"
    assert none_expired_early(cluster, shop, event_id)


def test_a_sale_that_opens_again_serves_who_waits(cluster, shop, new_event):
    """What was given back while it was closed is offered with nobody calling."""
    event_id = new_event(total_capacity=1)
    booking_id = cluster.value(shop, "SELECT booking_id FROM evently.book(%s, gen_random_uuid(), quantity => 1)", event_id)
    entry_id = cluster.value(shop, "SELECT entry_id FROM evently.join_waitlist(%s, gen_random_uuid())", event_id)
    cluster.sql(shop, "SELECT FROM evently.update_event(%s, sale_start_time => now() + interval '2 seconds')", event_id)
    cluster.sql(shop, "SELECT FROM evently.cancel_booking(%s, %s)", event_id, booking_id)

    def entry():
        return cluster.value(shop, "SELECT status FROM evently.waitlist_entry WHERE entry_id = %s", entry_id)

    assert entry() == "active"
    wait_until(lambda: entry() == "notified", "the one who waits has an offer")
    assert cluster.value(
        shop,
        "SELECT w.notified_at >= e.sale_start_time FROM evently.waitlist_entry w JOIN evently.event e USING (event_id) WHERE w.entry_id = %s",
        entry_id,
    )


def test_a_queue_outlives_the_server(cluster, shop, new_event):
    """H34: after a restart who waits has his place, and what is given back is his."""
    event_id = new_event(total_capacity=1)
    booking_id = cluster.value(shop, "SELECT booking_id FROM evently.book(%s, gen_random_uuid(), quantity => 1)", event_id)
    for _ in range(3):
        cluster.sql(shop, "SELECT FROM evently.join_waitlist(%s, gen_random_uuid())", event_id)

    def queue():
        return cluster.sql(
            shop,
            "SELECT entry_id::text, status::text FROM evently.waitlist_entry WHERE event_id = %s ORDER BY position",
            event_id,
        )

    before = queue()
    cluster.restart()
    assert queue() == before
    cluster.sql(shop, "SELECT FROM evently.cancel_booking(%s, %s)", event_id, booking_id)
    assert [status for _, status in queue()] == ["notified", "active", "active"]


def test_holds_of_many_events_expire(cluster, shop, new_event, hold, status):
    holds = [hold(new_event(), 2) for _ in range(5)]
    wait_until(lambda: {status(one) for one in holds} == {"expired"}, "all are expired")


def test_a_busy_event_is_not_forgotten(cluster, shop, new_event, hold, status):
    event_id = new_event()
    other = new_event()
    with contextlib.closing(cluster.connect(shop)) as busy, busy.cursor() as cursor:
        busy.autocommit = False
        cursor.execute("SELECT evently.lock_event(%s)", (event_id,))
        first = hold(other, 1)
        cursor.execute("SELECT set_config('evently.hold_ttl', '1', true)")
        cursor.execute("SELECT hold_id::text FROM evently.hold_tickets(%s, gen_random_uuid(), 1)", (event_id,))
        second = cursor.fetchone()[0]
        wait_until(lambda: status(first) == "expired", "others do not wait for it")
        cursor.execute("SELECT pg_sleep(1.5)")
        busy.commit()
    wait_until(lambda: status(second) == "expired", "when it is free it has its turn")


def test_an_event_that_is_never_free_has_its_turn(cluster, shop, new_event, hold, status):
    """H32: callers who take turns at it, each for longer than the worker queues at first, do not keep it for ever."""
    event_id = new_event(total_capacity=10000)
    expiring = hold(event_id, 1)
    over = threading.Event()

    def keep(seed):
        chance = random.Random(seed)
        with contextlib.closing(cluster.connect(shop)) as connection, connection.cursor() as cursor:
            connection.autocommit = False
            while not over.is_set():
                cursor.execute("SELECT FROM evently.book(%s, gen_random_uuid(), quantity => 1)", (event_id,))
                over.wait(chance.uniform(0.4, 0.8))
                connection.commit()

    keepers = [threading.Thread(target=keep, args=(seed,)) for seed in range(8)]
    for keeper in keepers:
        keeper.start()
    try:
        wait_until(lambda: status(expiring) == "expired", "the hold is expired")
    finally:
        over.set()
        for keeper in keepers:
            keeper.join()


def test_a_sale_that_opens_is_told_of_once(cluster, shop, told):
    event_id = cluster.value(
        shop,
        "SELECT event_id::text FROM evently.create_event('Soon', now() + interval '30 days', total_capacity => 5,"
        " sale_start_time => now() + interval '2 seconds')",
    )
    draft = cluster.value(
        shop,
        "SELECT event_id::text FROM evently.create_event('Draft', now() + interval '30 days', total_capacity => 5, status => 'draft',"
        " sale_start_time => now() + interval '1 second')",
    )
    wait_until(lambda: told(event_id) == ["EVENT_CREATED", "SALE_OPENED"], "the opening is told")
    cluster.sql(shop, "SELECT pg_sleep(1.5)")
    assert told(event_id) == ["EVENT_CREATED", "SALE_OPENED"]
    assert told(draft) == ["EVENT_CREATED"]


def test_what_is_old_goes(cluster, shop, new_event):
    """Keys after 72 hours, refresh tokens that have expired, acknowledged rows of the outbox after a week."""
    event_id = new_event()
    for key in ("old", "new"):
        cluster.sql(shop, "SELECT FROM evently.book(%s, %s, quantity => 1, idempotency_key => %s)", event_id, PERSON, key)
    cluster.sql(shop, "UPDATE evently.idempotency SET created_at = now() - interval '73 hours' WHERE key = 'old'")
    cluster.sql(shop, "SELECT FROM evently.register_account('ann@example.com', 'x', 'Ann')")
    cluster.sql(
        shop,
        "INSERT INTO evently.refresh_token (token_hash, account_id, family_id, created_at, expires_at)"
        " SELECT sha256(d::text::bytea), a.account_id, gen_random_uuid(), now(), now() + d * interval '1 day'"
        "  FROM evently.account a, (VALUES (-1), (1)) t (d)",
    )
    cluster.sql(shop, "UPDATE evently.outbox SET occurred_at = now() - interval '8 days'")
    cluster.sql(shop, "SELECT evently.outbox_ack(array_agg(position)) FROM evently.outbox_read(\"limit\" => 1000)")
    cluster.sql(shop, "SELECT evently.notification_ack(array_agg(position)) FROM evently.notification_read(1000)")
    # It prunes in its first round, too.
    pid = cluster.worker(shop)
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: pid not in cluster.workers(shop), "the old one has gone")
    cluster.sql(shop, "SELECT evently.start_worker()")

    def pruned():
        keys = cluster.sql(shop, "SELECT key FROM evently.idempotency")
        tokens = cluster.value(shop, "SELECT count(*) FROM evently.refresh_token")
        old = cluster.value(shop, "SELECT count(*) FROM evently.outbox WHERE occurred_at < now() - interval '7 days'")
        return keys == [("new",)] and tokens == 1 and old == 0

    wait_until(pruned, "what is old is deleted")


def test_it_can_be_started_without_preload_and_ended(cluster, stall):
    pid = cluster.value(stall, "SELECT evently.start_worker()")
    assert cluster.workers(stall) == [pid]
    assert cluster.value(stall, "SELECT evently.start_worker()") == pid
    cluster.sql(stall, "SELECT pg_terminate_backend(%s)", pid)
    wait_until(lambda: cluster.workers(stall) == [], "it has ended")
    again = cluster.value(stall, "SELECT evently.start_worker()")
    assert again != pid
    cluster.sql("postgres", 'DROP DATABASE "stall" WITH (FORCE)')


def test_a_new_interval_is_taken_over(cluster, shop):
    pid = cluster.worker(shop)
    cluster.sql("postgres", "ALTER SYSTEM SET evently.worker_interval = '50ms'")
    cluster.sql("postgres", "SELECT pg_reload_conf()")
    calls = lambda: cluster.value("postgres", "SELECT xact_commit FROM pg_stat_database WHERE datname = 'shop'")
    before = calls()
    wait_until(lambda: calls() > before + 100, "rounds follow each other faster")
    cluster.sql("postgres", "ALTER SYSTEM RESET evently.worker_interval")
    cluster.sql("postgres", "SELECT pg_reload_conf()")
    assert cluster.worker(shop) == pid


def test_killed_it_comes_back_and_nothing_is_wrong(cluster, shop, new_event, hold, status, told):
    event_id = new_event()
    held = hold(event_id, 3)
    booked = cluster.value(shop, "SELECT booking_id::text FROM evently.book(%s, %s, quantity => 1)", event_id, PERSON)
    killed = cluster.worker(shop)
    cluster.crash(killed)
    assert cluster.worker(shop) != killed
    wait_until(lambda: status(held) == "expired", "the hold is expired")
    assert told(booked) == ["BOOKING_CONFIRMED"]
    assert cluster.value(shop, "SELECT available_seats FROM evently.get_event(%s)", event_id) == 99


def test_it_comes_with_the_server(cluster, shop):
    before = cluster.worker(shop)
    cluster.restart()
    assert cluster.worker(shop) != before


def test_without_it_everything_is_as_correct(cluster, shop, new_event, hold):
    """An expired hold is free at once, whether somebody has tidied it up or not (H13)."""
    os.kill(cluster.worker(shop), signal.SIGTERM)
    wait_until(lambda: cluster.workers(shop) == [], "it has ended")
    event_id = new_event(total_capacity=2)
    held = hold(event_id, 1)
    wait_until(lambda: cluster.value(shop, "SELECT available_seats FROM evently.get_event(%s)", event_id) == 2, "it is free again")
    assert cluster.value(shop, "SELECT status FROM evently.hold WHERE hold_id = %s", held) == "active"
    cluster.sql(shop, "SELECT evently.book(%s, %s, quantity => 2)", event_id, PERSON)
    cluster.sql(shop, "SELECT evently.start_worker()")
