"""Idempotency-Key on every mutation that has a function with a key (api.md, S4-IDEM-3)."""

import pytest

from client import assert_error, expect, unique
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
