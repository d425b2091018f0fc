"""Idempotency-Key on every mutation that has a function with a key (api.md, S4-IDEM-3)."""

import pytest

from client import assert_error, expect, in_parallel, unique
from routes import all_routes


@pytest.fixture
def twice(admin, user):
    """Sends a mutation twice under one key; the answers must be the same, the second one marked. Returns the answer."""

    def send(method, path, body, other_body=None, who=None):
        client = who or admin
        key = {"Idempotency-Key": unique("key")}
        first, second = (client.request(method, path, body, key) for _ in range(2))
        assert first.status < 300, first
        assert (second.status, second.json) == (first.status, first.json)
        assert "idempotent-replay" not in first.headers and second.headers["idempotent-replay"] == "true"
        if other_body is not None:
            assert_error(client.request(method, path, other_body, key), 422, "IDEMPOTENCY_KEY_REUSED")
        return first.json

    return send


def test_events(twice, admin):
    """H23: created once, changed once, cancelled once."""
    body = {"name": unique("Event"), "start_datetime": "2030-01-01T19:00:00Z", "total_capacity": 10, "base_price": 5}
    event = twice("POST", "/api/v1/admin/events", body, {**body, "total_capacity": 11})
    path = f"/api/v1/admin/events/{event['event_id']}"
    assert expect(admin.get("/api/v1/admin/events", q=body["name"]), 200)["total"] == 1
    assert twice("PATCH", path, {"description": "a"}, {"description": "b"})["version"] == 2
    assert twice("PUT", f"{path}/status", {"status": "inactive"})["version"] == 3
    twice("DELETE", path, None)


def test_venues(twice, admin):
    name = unique("Venue")
    venue = twice("POST", "/api/v1/admin/venues", {"name": name, "city": "A", "country": "US", "capacity": 5})
    assert expect(admin.get("/api/v1/admin/venues", search=name), 200)["total"] == 1
    path = f"/api/v1/admin/venues/{venue['venue_id']}"
    twice("PUT", path, {"city": "B"}, {"city": "C"})
    twice("DELETE", path, None)


def test_holds(twice, user, event):
    """A retried extension extends once; a retried release is no error."""
    hold = user.hold(event, quantity=1)
    path = f"/api/v1/seats/hold/{hold['hold_id']}"
    twice("POST", f"{path}/extend", {}, who=user)
    twice("DELETE", path, None, who=user)


def test_a_booking_must_have_a_key(serve, user, event, offered):
    """S4-IDEM-1: where EVENTLY_REQUIRE_IDEMPOTENCY_KEY says so, on every way to a booking and on nothing else."""
    server = serve(EVENTLY_REQUIRE_IDEMPOTENCY_KEY="on")
    buyer = server.as_user(user)
    hold = buyer.hold(event, quantity=1)
    bookings = {
        f"/api/v1/events/{event['event_id']}/book": {"quantity": 1},
        "/api/v1/bookings/confirm": {"hold_id": hold["hold_id"]},
        f"/api/v1/waitlist/{offered(user)}/accept": {},
    }
    paths = expect(buyer.get("/openapi.json"), 200)["paths"]
    for path, body in bookings.items():
        for key in ({}, {"idempotency_key": ""}):
            assert_error(buyer.post(path, body, **key), 400, "IDEMPOTENCY_KEY_REQUIRED", "idempotency-key")
        expect(buyer.post(path, body, idempotency_key=unique("key")), 201)
    for path, methods in paths.items():
        for operation in methods.values():
            required = {parameter["name"] for parameter in operation["parameters"] if parameter["required"]}
            assert ("Idempotency-Key" in required) == path.endswith(("/book", "/confirm", "/accept")), path
            assert ("Idempotency-Key" in required) == ("IDEMPOTENCY_KEY_REQUIRED" in str(operation["responses"])), path


def test_an_empty_key(user, event):
    """Refused, as by SQL: who sends one, and again, believes to book once."""
    for key in ("", " "):
        for _ in range(2):
            answer = user.post(f"/api/v1/events/{event['event_id']}/book", {"quantity": 1}, idempotency_key=key)
            assert_error(answer, 400, "VALIDATION_ERROR", "idempotency-key")
    assert user.available(event) == 100


def test_a_request_still_under_way(serve, connect, user, event):
    """H24: who repeats a request that has not ended is told so, and when to try again; then he gets its answer."""
    buyer = serve(EVENTLY_LOCK_TIMEOUT="50ms").as_user(user)
    path, key = f"/api/v1/events/{event['event_id']}/book", unique("key")
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT booking_id::text FROM evently.book(%s, %s, quantity => 2, payment => '{\"method\": \"mock\"}', idempotency_key => %s)",
            (event["event_id"], user.user_id, key),
        )
        (booking_id,) = cursor.fetchone()
        for answer in in_parallel([lambda: buyer.post(path, {"quantity": 2}, idempotency_key=key)] * 4):
            assert_error(answer, 409, "IDEMPOTENCY_IN_FLIGHT")
            assert int(answer.headers["retry-after"]) >= 1
        connection.commit()
    answer = buyer.post(path, {"quantity": 2}, idempotency_key=key)
    assert expect(answer, 201)["booking_id"] == booking_id and answer.headers["idempotent-replay"] == "true"


def test_routes_that_take_a_key(anonymous):
    """Every mutation of what is sold takes one; accounts are unique by their address and need none."""
    paths = expect(anonymous.get("/openapi.json"), 200)["paths"]
    for route in all_routes():
        if route.method == "GET" or route.path.startswith(("/api/v1/auth/", "/internal/auth/")) or "/users" in route.path:
            continue
        if route.path.endswith(("/best-available", "/seats/availability")):  # questions that need a body
            continue
        parameters = {parameter["name"] for parameter in paths[route.path][route.method.lower()]["parameters"]}
        assert "Idempotency-Key" in parameters, route
