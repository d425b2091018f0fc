"""Waitlists over REST: joining, the place in the queue, offers, and what administrators see. The rules are tested in sql/."""

from uuid import uuid4

import pytest

from client import assert_error, expect, unique

WAITLIST = "/api/v1/waitlist"


def join(who, event, **more):
    return who.post(WAITLIST, {"event_id": event["event_id"], **more})


def status(who, event):
    return expect(who.get(f"{WAITLIST}/status/{event['event_id']}"), 200)


@pytest.fixture
def people(new_user):
    return [new_user() for _ in range(3)]


def test_join_and_leave(sold_out, user, other_user):
    """S3-WAIT-1 to 3, S3-WAIT-6, S3-WAIT-11: positions are in order of joining; who left joins again at the end."""
    event, _, _ = sold_out()
    entry = expect(join(user, event, quantity=2, preferences={"aisle": True}), 201)
    assert (entry["status"], entry["position"], entry["mode"], entry["quantity"]) == ("active", 1, "offer", 2)
    assert entry["preferences"] == {"aisle": True}
    assert expect(join(other_user, event), 201)["position"] == 2
    assert_error(join(user, event), 409, "ALREADY_WAITLISTED")
    assert expect(user.delete(f"{WAITLIST}/{event['event_id']}"), 200)["status"] == "cancelled"
    assert status(user, event)["status"] == "cancelled"
    assert status(other_user, event)["position"] == 1
    assert expect(join(user, event), 201)["position"] == 2


def test_what_is_refused(sold_out, user, event):
    """api.md, waitlist join: not while the request could be booked, nor what can never be served."""
    assert_error(join(user, event), 409, "SEATS_AVAILABLE")
    full, _, _ = sold_out()
    assert_error(join(user, full, quantity=3), 409, "PARTY_TOO_LARGE")
    assert_error(join(user, full, mode="soon"), 400, "VALIDATION_ERROR", "mode")
    assert_error(join(user, full, quantity=0), 400, "VALIDATION_ERROR", "quantity")
    assert_error(user.post(WAITLIST, {}), 400, "VALIDATION_ERROR", "event_id")
    assert_error(join(user, {"event_id": str(uuid4())}), 404, "EVENT_NOT_FOUND")
    assert_error(user.get(f"{WAITLIST}/status/{full['event_id']}"), 404, "WAITLIST_ENTRY_NOT_FOUND")
    assert_error(user.delete(f"{WAITLIST}/{full['event_id']}"), 404, "WAITLIST_ENTRY_NOT_FOUND")
    assert_error(user.post(f"{WAITLIST}/{full['event_id']}/accept"), 404, "WAITLIST_ENTRY_NOT_FOUND")


def test_a_body_cannot_join_for_others(sold_out, user, other_user):
    """H01."""
    event, _, _ = sold_out()
    assert_error(join(user, event, user_id=other_user.user_id), 403, "FORBIDDEN", "user_id")


def test_a_retry_joins_once(sold_out, user):
    event, _, _ = sold_out()
    key = unique("key")
    body = {"event_id": event["event_id"]}
    first, second = (user.post(WAITLIST, body, idempotency_key=key) for _ in range(2))
    assert (second.status, second.json) == (201, first.json)


def test_offers_go_down_the_queue(sold_out, people):
    """S3-WAIT-7, S3-WAIT-12, S3-CANC-8, S4-CANC-1: what is cancelled is offered to the first, declined to the next, and is his."""
    event, booking, buyer = sold_out()
    first, second, stranger = people
    for waiter in (first, second):
        expect(join(waiter, event, quantity=2), 201)
    expect(buyer.delete(f"/api/v1/bookings/{booking['booking_id']}"), 200)
    offer = status(first, event)
    assert offer["status"] == "notified"
    hold = expect(first.get(f"/api/v1/seats/hold/{offer['offer']['hold_id']}"), 200)
    assert (hold["status"], hold["quantity"], hold["expires_at"]) == ("active", 2, offer["offer"]["expires_at"])
    assert status(second, event)["position"] == 1
    assert stranger.post(f"/api/v1/events/{event['event_id']}/book", {"quantity": 1}).status == 409

    path = f"{WAITLIST}/{event['event_id']}"
    assert_error(second.post(f"{path}/accept"), 409, "OFFER_NOT_ACTIVE")
    assert expect(first.post(f"{path}/decline"), 200)["status"] == "cancelled"
    assert_error(first.post(f"{path}/accept"), 409, "HOLD_NOT_ACTIVE")
    bought = expect(second.post(f"{path}/accept", {"payment": {"token": "tok_ok", "method": "card"}}), 201)
    assert (bought["quantity"], bought["status"], bought["payment"]["status"]) == (2, "confirmed", "paid")
    assert status(second, event)["status"] == "converted"
    entries = expect(second.get("/api/v1/users/waitlist"), 200)["entries"]
    assert [(entry["event_id"], entry["status"]) for entry in entries] == [(event["event_id"], "converted")]


def test_a_declined_card_leaves_the_offer(offered, user):
    event_id = offered(user)
    answer = user.post(f"{WAITLIST}/{event_id}/accept", {"payment": {"token": "tok_declined"}})
    assert_error(answer, 402, "PAYMENT_DECLINED")
    assert expect(user.get(f"{WAITLIST}/status/{event_id}"), 200)["status"] == "notified"
    expect(user.post(f"{WAITLIST}/{event_id}/accept"), 201)


def test_more_capacity_serves_the_queue(sold_out, admin, user):
    """S4-WAIT-1, S4-EVA-5."""
    event, _, _ = sold_out()
    expect(join(user, event, quantity=1), 201)
    expect(admin.patch(f"/api/v1/admin/events/{event['event_id']}", {"total_capacity": 3}), 200)
    assert status(user, event)["status"] == "notified"


def test_administrators(sold_out, admin, own_events_admin, people):
    """S3-WAIT-4, S3-WAIT-5: entries in order, figures, and notify, which serves nobody where nothing is free."""
    event, _, _ = sold_out()
    for waiter in people:
        expect(join(waiter, event), 201)
    entries = f"/api/v1/admin/waitlist/entries/{event['event_id']}"
    page = expect(admin.get(entries, limit=2), 200)
    assert [entry["user_id"] for entry in page["entries"]] == [waiter.user_id for waiter in people[:2]]
    assert (page["total"], page["has_more"]) == (3, True)
    assert expect(admin.get(entries, status="converted"), 200)["entries"] == []
    stats = expect(admin.get(f"/api/v1/admin/waitlist/stats/{event['event_id']}"), 200)
    assert (stats["waiting"], stats["total"]) == (3, 3)
    for action in ("notify", "cancellation"):
        path = f"/api/v1/admin/waitlist/{action}/{event['event_id']}"
        expect(admin.post(path, {"available_tickets": 1}), 200)
        assert_error(own_events_admin.post(path, {}), 403, "FORBIDDEN")
    assert all(status(waiter, event)["status"] == "active" for waiter in people)
    for path in (entries, f"/api/v1/admin/waitlist/stats/{event['event_id']}"):
        assert_error(own_events_admin.get(path), 403, "FORBIDDEN")
