"""The whole way of a new user, from the documentation alone: an administrator sells an event out, somebody waits, gets what
another returns, and the figures tell of it."""

from client import Client, expect, unique
from conftest import PASSWORD, in_days


def register(url, name):
    visitor = Client(url)
    body = {"email": f"{unique(name)}@example.com", "password": PASSWORD, "name": name}
    return visitor.signed_in_as(expect(visitor.post("/api/v1/auth/register", body), 201))


def test_sold_out_waited_for_and_read_in_figures(url, admin):
    """S3-VT-2, S3-EVA-1, S3-HOLD-1, S3-BOOK-1, S3-CANC-1, S3-CANC-3, S3-WAIT-1, S3-WAIT-12, S3-ANA-2."""
    ann, bob = register(url, "ann"), register(url, "bob")
    section = {"name": "Stalls", "kind": "reserved", "rows": 1, "seats_per_row": 4}
    venue = expect(admin.post("/api/v1/admin/venues", {"name": unique("Hall"), "city": "Graz", "country": "AT", "sections": [section]}), 201)
    event = expect(
        admin.post(
            "/api/v1/admin/events",
            {"name": unique("Recital"), "venue_id": venue["venue_id"], "start_datetime": in_days(20), "base_price": 30},
        ),
        201,
    )
    path = f"/api/v1/admin/events/{event['event_id']}"
    expect(admin.post(f"{path}/cancellation-policy", {"fee_type": "percentage", "fee_amount": 10}), 201)

    best = expect(ann.post(f"/api/v1/events/{event['event_id']}/best-available", {"quantity": 4}), 200)
    hold = ann.hold(event, seat_ids=best["seat_ids"])
    booking = ann.confirm(hold)
    assert booking["total_price"] == 120
    shown = expect(bob.get(f"/api/v1/events/{event['event_id']}"), 200)
    assert (shown["available_seats"], shown["sale_status"]) == (0, "sold_out")
    refused = bob.post(f"/api/v1/events/{event['event_id']}/book", {"quantity": 2})
    assert (refused.status, refused.code) == (409, "INSUFFICIENT_SEATS")

    entry = expect(bob.post("/api/v1/waitlist", {"event_id": event["event_id"], "quantity": 2}), 201)
    assert (entry["status"], entry["position"]) == ("active", 1)

    two = [ticket["ticket_id"] for ticket in booking["tickets"][:2]]
    quote = expect(ann.get(f"/api/v1/bookings/{booking['booking_id']}/cancel-quote", ticket_ids=",".join(two)), 200)
    returned = expect(ann.post(f"/api/v1/bookings/{booking['booking_id']}/request-cancel", {"ticket_ids": two}), 200)
    assert (returned["fee"], returned["refund_amount"]) == (quote["fee"], quote["refund_amount"]) == (6, 54)

    offer = expect(bob.get(f"/api/v1/waitlist/status/{event['event_id']}"), 200)
    assert (offer["status"], len(offer["offer"]["seat_ids"])) == ("notified", 2)
    bought = expect(bob.post(f"/api/v1/waitlist/{event['event_id']}/accept"), 201)
    assert sorted(bought["seat_ids"]) == sorted(offer["offer"]["seat_ids"])
    assert expect(bob.get("/api/v1/users/waitlist"), 200)["entries"][0]["status"] == "converted"

    figures = expect(admin.get(f"{path}/analytics"), 200)
    assert (figures["tickets_sold"], figures["tickets_cancelled"], figures["revenue"]) == (4, 2, 126)
    listed = expect(admin.get(f"{path}/bookings"), 200)["bookings"]
    assert [row["user_id"] for row in listed] == [bob.user_id, ann.user_id]
    assert set(bob.seat_statuses(event).values()) == {"sold"}
