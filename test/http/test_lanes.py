"""Reads whose answers grow with an event have connections of their own: whatever becomes of them, nobody else waits for it."""

from contextlib import contextmanager

import pytest

from client import expect
from instance import wait_until
from test_coalesce import PATIENT, Readers
from test_metrics import value

BULK_CONNECTIONS = 2


@pytest.fixture
def seats_locked(connect):
    """Within it nobody reads the seats of a venue, which only what draws them does."""

    @contextmanager
    def lock():
        with connect() as connection, connection, connection.cursor() as cursor:
            cursor.execute("LOCK TABLE evently.venue_seat IN ACCESS EXCLUSIVE MODE")
            yield

    return lock


def test_small_reads_pass_big_ones(serve, sql, seats_locked, new_venue, event, user):
    """Who is well, who is who, what there is: all answered by the one worker in which more big reads wait than it has connections for."""
    server = serve(**PATIENT, EVENTLY_REQUEST_TIMEOUT="60s")
    venue = new_venue(sections=[{"name": f"Tier {n}", "kind": "reserved", "rows": 1, "seats_per_row": 1} for n in range(12)])
    paths = [f"/api/v1/sections/{section['section_id']}/seats" for section in venue["sections"]]
    one = f"/api/v1/events/{event['event_id']}"
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'evently_shim'"
    with seats_locked():
        readers = Readers(server)
        readers.ask(*paths)
        wait_until(lambda: sql(waiting)[0][0], "big reads wait in the database")
        for path in ("/health", "/health/ready", "/api/v1/events", "/api/v1/search?q=x", one, f"{one}/availability"):
            expect(server.client.get(path), 200)
        assert expect(server.as_user(user).get("/api/v1/auth/me"), 200)["user_id"] == user.user_id
        expect(server.client.post("/api/v1/auth/login", {"email": user.email, "password": user.password}), 200)
        assert value(server.client, "evently_http_requests_in_progress") >= len(paths), "the big ones wait still"
        assert value(server.client, "evently_db_calls_in_progress", lane="bulk") == len(paths)
        wait_until(lambda: sql(waiting)[0][0] == BULK_CONNECTIONS, "all connections for big reads are busy")
    assert {answer.status for answer in readers.all()} == {200}


@pytest.mark.parametrize("what", ["seats", "seats?format=compact", "venue/layout"])
def test_what_is_big(serve, seated_event, what):
    server = serve()
    expect(server.client.get(f"/api/v1/events/{seated_event['event_id']}/{what}"), 200)
    assert value(server.client, "evently_db_calls_total", lane="bulk", outcome="rows") == 1
    assert value(server.client, "evently_db_calls_total", lane="read") == 0
