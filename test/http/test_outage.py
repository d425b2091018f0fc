"""H73, H14: the database away, the web app stopped, a worker killed. On an instance of its own."""

import contextlib
import os
import signal
import threading

import pytest

from client import Client, Wire, assert_error, expect, http_bytes, in_parallel, unique
from conftest import PASSWORD, in_days
from instance import children_of, is_running, wait_until


@pytest.fixture
def buyer(instance):
    body = {"email": f"{unique('user')}@example.com", "password": PASSWORD, "name": "Buyer"}
    wait_until(instance.is_ready, "the instance is ready")
    return instance.client.signed_in_as(expect(instance.client.post("/api/v1/auth/register", body), 201))


@pytest.fixture
def show(instance):
    """An event of the instance."""
    with instance.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_id::text FROM evently.create_event(name => %s, start_datetime => %s, total_capacity => 100)",
            (unique("Show"), in_days(9)),
        )
        return {"event_id": cursor.fetchone()[0]}


@pytest.fixture(autouse=True)
def sound_afterwards(instance):
    yield
    with instance.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM evently.verify()")
        assert cursor.fetchall() == []


@contextlib.contextmanager
def bookings_blocked(instance):
    """While this lasts, every booking waits in the database; yields a condition: is one waiting?"""
    with contextlib.closing(instance.connect()) as blocker, contextlib.closing(instance.connect()) as observer:
        observer.autocommit = True
        with blocker.cursor() as cursor:
            cursor.execute("LOCK TABLE evently.booking IN ACCESS EXCLUSIVE MODE")

        def somebody_waits():
            with observer.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'evently.booking'::regclass")
                return cursor.fetchone()[0] > 0

        yield somebody_waits
        blocker.rollback()


def waiting(instance):
    """Who waits for what, and how far in front."""
    with contextlib.closing(instance.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT event_id, user_id, status, position FROM evently.waitlist_entry ORDER BY event_id, position")
        return cursor.fetchall()


def make_queue(instance):
    """An event that is sold out, and two who wait for it."""
    with instance.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_id FROM evently.create_event(name => %s, start_datetime => %s, total_capacity => 1)",
            (unique("Show"), in_days(9)),
        )
        event_id = cursor.fetchone()[0]
        cursor.execute("SELECT FROM evently.book(%s, gen_random_uuid(), quantity => 1)", (event_id,))
        for _ in range(2):
            cursor.execute("SELECT FROM evently.join_waitlist(%s, gen_random_uuid())", (event_id,))
    queue = waiting(instance)
    assert [(status, position) for event, _, status, position in queue if event == event_id] == [("active", 1), ("active", 2)]
    return queue


def test_database_away(instance, buyer, show):
    """H73, S1-OPS-18, S5-ERR-3: reads and writes 503 with Retry-After, /health/ready too; all is well again by itself when it is back."""
    hold = buyer.hold(show, quantity=1)
    said_before = len(instance.log_lines())
    instance.stop_database()
    try:
        answers = {
            "list": buyer.get("/api/v1/events"),
            "detail": buyer.get(f"/api/v1/events/{show['event_id']}"),
            "hold": buyer.post("/api/v1/seats/hold", {"event_id": show["event_id"], "quantity": 1}),
            "confirm": buyer.post("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"]}),
            "login": buyer.post("/api/v1/auth/login", {"email": buyer.email, "password": PASSWORD}),
            "ready": buyer.get("/health/ready"),
        }
        for what, answer in answers.items():
            assert_error(answer, 503, "UNAVAILABLE")
            assert int(answer.headers["retry-after"]) >= 1, what
        health = buyer.get("/health")
        assert (health.status, health.json["status"]) == (503, "degraded")
        assert set(health.json["services"].values()) == {False}
        expect(buyer.get("/healthz"), 200)
        assert_error(buyer.get("/nowhere"), 404, "ROUTE_NOT_FOUND")
        assert_error(Client(instance.url).get("/api/v1/auth/me"), 401, "UNAUTHORIZED")
        storm = in_parallel([lambda: buyer.get("/api/v1/events")] * 50)
        assert {answer.status for answer in storm} == {503}
    finally:
        instance.start_database()
    wait_until(instance.is_ready, "ready again, with nobody's help")
    lines = [line for line in instance.log_lines()[said_before:] if line.get("message") == "the database is back"]
    assert {line["level"] for line in lines} == {"info"}
    assert sorted(line["pid"] for line in lines) == sorted(instance.workers()), "each worker says so once"
    assert expect(buyer.get(f"/api/v1/seats/hold/{hold['hold_id']}"), 200)["status"] == "active"
    buyer.hold(show, quantity=1)
    assert buyer.confirm(hold)["status"] == "confirmed"


def limit_connections(instance, count):
    with instance.connect() as connection, connection.cursor() as cursor:
        cursor.execute("ALTER ROLE evently_shim CONNECTION LIMIT %s", (count,))


def test_ready_means_ready(instance, buyer, show):
    """H73: a worker that says ready after an outage takes writes too. A connection stays with its worker."""
    instance.stop_database()
    instance.start_database()
    hold = http_bytes(
        "POST", "/api/v1/seats/hold", b'{"event_id": "%s", "quantity": 1}' % show["event_id"].encode(), buyer.token
    )
    statuses = set()
    for _ in range(10):
        with Wire(instance.url) as wire:
            wait_until(lambda wire=wire: wire.send(http_bytes("GET", "/health/ready")).answer().status == 200, "ready")
            statuses.add(wire.send(hold).answer().status)
    assert statuses == {201}


def test_reads_alone_are_not_ready(instance, buyer):
    """H73: there is room for one connection only; the worker whose reads have it is not ready, and its health is what is left."""
    account, ready, health = (
        http_bytes("GET", path, token=buyer.token) for path in ("/api/v1/auth/me", "/health/ready", "/health")
    )

    def are_reads_served(wire):
        with instance.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'evently_shim'")
        return any(wire.send(account).answer().status == 200 for _ in range(50))

    limit_connections(instance, 1)
    try:
        with Wire(instance.url) as wire:  # a connection stays with its worker
            wait_until(lambda: are_reads_served(wire), "reads have the connection")
            wait_until(lambda: wire.send(ready).answer().status == 503, "it is not ready")
            left = {"auth": False, "events": True, "inventory": False, "bookings": False, "search": True}
            degraded = {"status": "degraded", "services": left}
            wait_until(lambda: wire.send(health).answer().json == degraded, "its health is what is left")
            assert wire.send(account).answer().status == 200
    finally:
        limit_connections(instance, -1)
    wait_until(instance.is_ready, "ready again")


def set_read_only(instance, how):
    with instance.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE evently_shim {how}")
    with instance.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'evently_shim'")


def test_a_database_that_only_reads(instance, buyer, show):
    """H73: such as a standby, or a primary that was told so. Nothing is an internal error, and nobody is sent here to book."""
    set_read_only(instance, "SET default_transaction_read_only = on")
    try:
        left = {"auth": False, "events": True, "inventory": False, "bookings": False, "search": True}
        wait_until(lambda: buyer.get("/health").json == {"status": "degraded", "services": left}, "reads are served")
        assert_error(buyer.get("/health/ready"), 503, "UNAVAILABLE")
        wish = {"event_id": show["event_id"], "quantity": 1}
        wait_until(lambda: "takes no writes" in str(buyer.post("/api/v1/seats/hold", wish).json), "writes meet it")
        assert_error(buyer.post("/api/v1/auth/login", {"email": buyer.email, "password": PASSWORD}), 503, "UNAVAILABLE")
        wait_until(lambda: buyer.get("/api/v1/events").status == 200, "reads are served")
    finally:
        set_read_only(instance, "RESET default_transaction_read_only")
    wait_until(instance.is_ready, "ready again")
    wait_until(lambda: buyer.post("/api/v1/seats/hold", wish).status == 201, "writes are served again")


def test_backends_killed_in_a_storm(instance, buyer, show):
    """H14, H27: an acknowledged booking stays, a doubtful one is settled by its key: each key books exactly once."""
    stop = threading.Event()

    def kill_backends():
        with contextlib.closing(instance.connect()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                while not stop.wait(0.05):
                    cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'evently_shim'")

    def book(key):
        def try_once():
            answer = buyer.post(f"/api/v1/events/{show['event_id']}/book", {"quantity": 1}, idempotency_key=key)
            assert answer.status in (201, 503), answer
            return answer.json if answer.status == 201 else None

        return wait_until(try_once, "a repeat with the same key gets through")

    killer = threading.Thread(target=kill_backends)
    killer.start()
    try:
        bookings = in_parallel([lambda key=key: book(f"key-{key}") for key in range(60)], threads=12)
    finally:
        stop.set()
        killer.join()
    wait_until(instance.is_ready, "ready again")
    assert len({booking["booking_id"] for booking in bookings}) == 60
    assert expect(buyer.get("/api/v1/users/bookings"), 200)["total"] == 60
    assert buyer.available(show) == 40


def test_worker_killed(instance, buyer, show):
    """H14: a worker killed by kill -9 is replaced; holds stand."""
    hold = buyer.hold(show, quantity=2)
    before = instance.workers()
    assert len(before) >= 2
    for victim in before:
        os.kill(victim, signal.SIGKILL)
    wait_until(lambda: len(instance.workers() - before) == len(before), "as many new workers as were killed")
    wait_until(instance.is_ready, "ready again")
    assert expect(buyer.get(f"/api/v1/seats/hold/{hold['hold_id']}"), 200)["status"] == "active"
    assert buyer.confirm(hold)["quantity"] == 2


@contextlib.contextmanager
def stopping(instance, buyer, show):
    """The web app has been told to stop while a booking is under way; yields the wire on which its answer will come."""
    pid, workers = instance.shim_pid, instance.workers()
    try:
        with Wire(instance.url) as wire:
            with bookings_blocked(instance) as somebody_waits:
                wire.send(http_bytes("POST", f"/api/v1/events/{show['event_id']}/book", b'{"quantity": 3}', buyer.token))
                wait_until(somebody_waits, "the booking is in the database")
                instance.tell_shim_to_stop()
                wait_until(lambda: instance.workers() < workers, "the worker that has nothing to do has ended")
                yield wire
            expect(wire.answer(), 201)
        wait_until(lambda: not is_running(pid), "the process has ended")
    finally:
        instance.start_shim()
        wait_until(instance.is_ready, "ready again")


def test_web_app_killed(instance, buyer, show):
    """H14: after kill -9 its workers end by themselves and free the port; started again, holds stand."""
    hold = buyer.hold(show, quantity=1)
    pid, workers = instance.shim_pid, instance.workers()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(is_running(worker) for worker in workers), "the workers have ended")
    assert not instance.accepts_connections()
    instance.start_shim()
    wait_until(instance.is_ready, "ready again")
    assert buyer.confirm(hold)["status"] == "confirmed"


def test_postmaster_killed(instance, buyer, show):
    """H14, H27, H34: what was acknowledged before kill -9 of PostgreSQL is there after its recovery, and so is who waits."""
    hold = buyer.hold(show, quantity=1)
    first = buyer.post(f"/api/v1/events/{show['event_id']}/book", {"quantity": 2}, idempotency_key="k")
    queue = make_queue(instance)
    pid = instance.postmaster_pid
    backends = children_of(pid)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(is_running(backend) for backend in backends), "PostgreSQL's other processes have ended")
    instance.start_database()
    wait_until(instance.is_ready, "ready again")

    assert waiting(instance) == queue
    again = buyer.post(f"/api/v1/events/{show['event_id']}/book", {"quantity": 2}, idempotency_key="k")
    assert (again.body, again.headers["idempotent-replay"]) == (first.body, "true")
    assert buyer.confirm(hold)["status"] == "confirmed"


def test_graceful_stop(instance, buyer, show):
    """Requests in flight are finished and logged, then the process ends; bookings and holds stand (H14)."""
    hold = buyer.hold(show, quantity=1)
    booked = instance.answered("/api/v1/events/{id}/book", 201)
    with stopping(instance, buyer, show):
        pass
    assert instance.answered("/api/v1/events/{id}/book", 201) == booked + 1
    assert buyer.available(show) == 96
    assert buyer.confirm(hold)["status"] == "confirmed"


def test_no_new_connections_while_stopping(instance, buyer, show):
    """Whoever comes now is refused at once and can go elsewhere, in place of waiting for the end."""
    with stopping(instance, buyer, show):
        wait_until(lambda: not instance.accepts_connections(), "connections are refused")


def test_slow_booking_does_not_stop_the_others(instance, buyer, show):
    """A booking that waits in the database: everybody else is served meanwhile."""
    with Wire(instance.url) as wire:
        with bookings_blocked(instance) as somebody_waits:
            wire.send(http_bytes("POST", f"/api/v1/events/{show['event_id']}/book", b'{"quantity": 1}', buyer.token))
            wait_until(somebody_waits, "the booking is in the database")
            for _ in range(20):
                expect(buyer.get(f"/api/v1/events/{show['event_id']}/availability"), 200)
            buyer.hold(show, quantity=1)
        expect(wire.answer(), 201)


def test_lock_held_for_too_long(instance, buyer, show):
    """practices.md: waits are bounded: 503 with Retry-After, never a hang; nothing was booked."""
    with bookings_blocked(instance):
        answer = buyer.post(f"/api/v1/events/{show['event_id']}/book", {"quantity": 1}, idempotency_key="k")
        assert_error(answer, 503, "UNAVAILABLE")
        assert int(answer.headers["retry-after"]) >= 1
    assert buyer.available(show) == 100
    again = buyer.post(f"/api/v1/events/{show['event_id']}/book", {"quantity": 1}, idempotency_key="k")
    assert again.status == 201 and "idempotent-replay" not in again.headers


def test_client_leaves_while_his_booking_waits(instance, buyer, show):
    """H27: he comes back with the same key and finds the one booking."""
    path = f"/api/v1/events/{show['event_id']}/book"
    with bookings_blocked(instance) as somebody_waits:
        with Wire(instance.url) as wire:
            wire.send(http_bytes("POST", path, b'{"quantity": 1}', buyer.token, ["Idempotency-Key: k"]))
            wait_until(somebody_waits, "the booking is in the database")
    booking = expect(buyer.post(path, {"quantity": 1}, idempotency_key="k"), 201)
    assert buyer.available(show) == 99
    assert [listed["booking_id"] for listed in expect(buyer.get("/api/v1/users/bookings"), 200)["bookings"]] == [
        booking["booking_id"]
    ]


def test_database_log_has_no_hashes(instance, buyer):
    """H66: PostgreSQL's own log too: a statement that is logged for being slow is logged without its values."""

    def set_slow(setting):
        with contextlib.closing(instance.connect()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER DATABASE evently {setting}")
                cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'evently_shim'")
        wait_until(instance.is_ready, "ready again")

    log = instance.home / "log" / "postgresql.log"
    set_slow("SET log_min_duration_statement = 0")  # now every statement is slow
    try:
        start = log.stat().st_size
        session = expect(instance.client.post("/api/v1/auth/login", {"email": buyer.email, "password": PASSWORD}), 200)
        new_password = {"current_password": PASSWORD, "new_password": "something new"}
        expect(instance.client.signed_in_as(session).post("/api/v1/auth/change-password", new_password), 200)
        written = log.read_bytes()[start:]
    finally:
        set_slow("RESET log_min_duration_statement")
    assert b"change_password" in written, "the log does not show the statement: this proves nothing"
    assert b"$2b$" not in written and b"'\\x" not in written


def test_database_of_another_version(instance, buyer):
    """A function that a route calls is not there: the documentation says so with 503, and the web app goes on."""

    def rename(old, new):
        with instance.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"ALTER FUNCTION evently.{old}(uuid) RENAME TO {new}")

    rename("get_user_analytics", "get_user_analytics_once")
    try:
        assert_error(instance.client.get("/openapi.json"), 503, "UNAVAILABLE")
        assert_error(buyer.get("/api/v1/analytics/user/personal"), 503, "UNAVAILABLE")
    finally:
        rename("get_user_analytics_once", "get_user_analytics")
    expect(instance.client.get("/openapi.json"), 200)
