"""Choosing seats: best available, is it free, and whose holds are whose."""

from uuid import uuid4

import pytest

from client import assert_error, expect


def ask(client, event, *names):
    return client.post("/api/v1/seats/availability", {"event_id": event["event_id"], "seat_ids": list(names)})


def test_availability_of_named_seats(user, other_user, seated_event):
    """POST seats/availability: labels or ids, each with its status; all or nothing."""
    other_user.hold(seated_event, seat_ids=["A-2"])
    other_user.book(seated_event, seat_ids=["A-3"])
    seats = {seat["seat_id"]: seat for seat in user.seats(seated_event)}
    free = expect(ask(user, seated_event, "A-1", seats["B-1"]["id"]), 200)
    assert (free["available"], free["total"]) == (True, 2)
    assert free["seats"] == [seats["A-1"], seats["B-1"]]
    taken = expect(ask(user, seated_event, "A-1", "A-2", "A-3"), 200)
    assert taken["available"] is False
    assert [seat["status"] for seat in taken["seats"]] == ["available", "held", "sold"]
    missing = assert_error(ask(user, seated_event, "A-1", "Z-9", str(uuid4())), 404, "SEAT_NOT_FOUND")
    assert len(missing["details"]["seat_ids"]) == 2
    assert_error(ask(user, {"event_id": str(uuid4())}, "A-1"), 404, "EVENT_NOT_FOUND")
    assert_error(ask(user, seated_event), 400, "VALIDATION_ERROR", "seat_ids")
    assert_error(user.post("/api/v1/seats/availability", {"event_id": seated_event["event_id"]}), 400, "VALIDATION_ERROR", "seat_ids")


def test_best_available(user, other_user, seated_event):
    """Together, in the middle of the front; holding them is a request of its own."""
    path = f"/api/v1/events/{seated_event['event_id']}/best-available"
    best = expect(user.post(path, {"quantity": 2}), 200)
    assert (best["quantity"], best["adjacent"], best["total_price"]) == (2, True, 100)
    assert all(label.startswith("A-") for label in best["seat_ids"]) and best["explanation"]
    assert expect(user.post(path, {"quantity": 2}), 200) == best
    other_user.hold(seated_event, seat_ids=best["seat_ids"])
    assert not set(expect(user.post(path, {"quantity": 2}), 200)["seat_ids"]) & set(best["seat_ids"])
    assert_error(user.post(path, {"quantity": 11}), 409, "INSUFFICIENT_SEATS")
    assert expect(user.post(path, {"quantity": 11, "split": True}), 200)["adjacent"] is False
    assert_error(user.post(path, {"quantity": 0}), 400, "VALIDATION_ERROR", "quantity")


def test_best_available_needs_seats(user, event):
    assert_error(user.post(f"/api/v1/events/{event['event_id']}/best-available"), 409, "SEAT_MAP_MISSING")


def test_holds_of_a_user(user, event, seated_event):
    """GET users/{id}/holds: the live ones, newest first; others by status."""
    path = f"/api/v1/users/{user.user_id}/holds"
    released, confirmed = user.hold(event, quantity=1), user.hold(event, quantity=1)
    live = [user.hold(seated_event, seat_ids=["A-1"]), user.hold(event, quantity=2)]
    expect(user.delete(f"/api/v1/seats/hold/{released['hold_id']}"), 200)
    user.confirm(confirmed)

    def ids(**query):
        return [hold["hold_id"] for hold in expect(user.get(path, **query), 200)["holds"]]

    assert ids() == [hold["hold_id"] for hold in reversed(live)]
    assert ids(status="released") == [released["hold_id"]]
    assert ids(status="CONFIRMED") == [confirmed["hold_id"]]
    assert len(ids(status="all")) == 4
    page = expect(user.get(path, limit=1), 200)
    assert (page["total"], page["has_more"], len(page["holds"])) == (2, True, 1)
    assert_error(user.get(path, status="x"), 400, "VALIDATION_ERROR", "status")


def test_expired_holds_are_over(user, event, expire):
    hold = user.hold(event, quantity=1)
    expire(hold)
    path = f"/api/v1/users/{user.user_id}/holds"
    assert expect(user.get(path), 200)["holds"] == []
    assert expect(user.get(path, status="expired"), 200)["holds"][0]["status"] == "expired"


def test_holds_of_others(user, other_user, own_events_admin, admin, event):
    """H02: nobody lists the holds of others but who may manage all events."""
    hold = user.hold(event, quantity=1)
    path = f"/api/v1/users/{user.user_id}/holds"
    for stranger in (other_user, own_events_admin):
        assert_error(stranger.get(path), 403, "FORBIDDEN")
    assert expect(admin.get(path), 200)["holds"][0]["hold_id"] == hold["hold_id"]


@pytest.mark.parametrize("extra", [{"ticket_type": "Early"}, {"access_code": "SECRET"}])
def test_ticket_types_and_codes_are_asked_for(user, event, extra):
    """What the event does not have is refused, not ignored."""
    answer = user.post("/api/v1/seats/hold", {"event_id": event["event_id"], "quantity": 1, **extra})
    assert answer.code in ("TICKET_TYPE_NOT_FOUND", "ACCESS_CODE_INVALID"), answer
