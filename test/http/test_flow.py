"""The seeds' own walks through the API, as a newcomer runs them: what S2, S3 and S4 show, word for word."""

from decimal import Decimal

from client import Client, expect, unique
from conftest import PASSWORD, in_days


def test_newcomer_buys_and_returns_two_seats(url, seated_event):
    """S3-OPS-19, S3: register, log in, look around, hold, confirm, see the booking, cancel it; the seats are free again.

    S3-HOLD-1, S3-HOLD-4, S3-BOOK-1 to 4, S3-BOOK-8, S3-EVP-1, S3-CANC-7.
    """
    visitor = Client(url)
    email = f"{unique('john')}@example.com"
    registered = expect(
        visitor.post(
            "/api/v1/auth/register",
            {"first_name": "John", "last_name": "Doe", "email": email, "password": PASSWORD, "role": "USER"},
        ),
        201,
    )
    assert registered["user"]["email"] == email
    assert registered["user"]["name"] == "John Doe"

    session = expect(visitor.post("/api/v1/auth/login", {"email": email, "password": PASSWORD}), 200)
    assert (session["token_type"], session["expires_in"]) == ("bearer", 900)
    john = visitor.signed_in_as(session)

    page = expect(visitor.get("/api/v1/events", limit=10, offset=0), 200)
    assert {"events", "total", "page", "limit", "has_more"} <= set(page)
    event_path = f"/api/v1/events/{seated_event['event_id']}"
    assert expect(visitor.get(event_path), 200)["available_seats"] == 20
    free = [label for label, status in visitor.seat_statuses(seated_event).items() if status == "available"]
    wanted = free[:2]

    hold = expect(john.post("/api/v1/seats/hold", {"event_id": seated_event["event_id"], "seat_ids": wanted}), 201)
    assert (hold["seat_ids"], hold["quantity"], hold["status"]) == (wanted, 2, "active")
    assert 590 <= hold["ttl_seconds"] <= 600
    assert visitor.seat_statuses(seated_event)[wanted[0]] == "held"

    booking = expect(john.post("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"]}), 201)
    assert (booking["status"], booking["seat_ids"]) == ("confirmed", wanted)
    assert visitor.seat_statuses(seated_event)[wanted[0]] == "sold"
    assert expect(visitor.get(event_path), 200)["booked_count"] == 2

    booking_path = f"/api/v1/bookings/{booking['booking_id']}"
    assert expect(john.get(booking_path), 200) == booking
    mine = expect(john.get("/api/v1/users/bookings"), 200)
    assert (mine["bookings"], mine["total"]) == ([booking], 1)

    cancelled = expect(john.post(f"{booking_path}/cancel", {"reason": "plans changed"}), 200)
    assert (cancelled["booking_id"], cancelled["status"]) == (booking["booking_id"], "completed")
    assert cancelled["fee"] + cancelled["refund_amount"] == booking["total_price"]
    assert expect(john.get(booking_path), 200)["status"] == "cancelled"
    assert set(visitor.seat_statuses(seated_event).values()) == {"available"}
    assert visitor.available(seated_event) == 20


def test_admin_makes_changes_and_cancels_an_event(admin, anonymous):
    """S2: venue, event, update with version, DELETE with {version}.

    S2-VEN-1, S1-EVA-1 to 3, S2-EVA-1 to 3, S3-EVA-1 to 3, S2-EVA-7, S2-EVP-4, S3-EVA-4.
    """
    venue = expect(
        admin.post(
            "/api/v1/admin/venues",
            {
                "name": unique("Madison Square Garden"),
                "address": "4 Pennsylvania Plaza",
                "city": "NYC",
                "state": "NY",
                "country": "USA",
                "postal_code": "10001",
                "capacity": 20000,
                "layout_config": {"sections": ["floor", "balcony"], "stage": {"x": 0, "y": 1.5}},
            },
        ),
        201,
    )
    body = {
        "name": unique("Rock Night"),
        "description": "Loud.",
        "venue_id": venue["venue_id"],
        "event_type": "concert",
        "start_datetime": in_days(40),
        "end_datetime": in_days(41),
        "total_capacity": 500,
        "base_price": 99.5,
        "max_tickets_per_booking": 6,
    }
    event = expect(admin.post("/api/v1/admin/events", body), 201)
    for field in body.keys() - {"venue_id"}:
        assert event[field] == body[field] or str(event[field]) == f"{body[field]:.2f}", field
    assert event["version"] == 1
    assert event["venue"]["venue_id"] == venue["venue_id"]
    assert event["status"] == "published"

    path = f"/api/v1/admin/events/{event['event_id']}"
    changed = expect(admin.put(path, {"name": "Rock Night II", "version": 1}), 200)
    assert (changed["name"], changed["version"]) == ("Rock Night II", 2)
    assert changed["description"] == "Loud."

    stale = admin.put(path, {"name": "Too late", "version": 1})
    assert (stale.status, stale.code) == (409, "CONCURRENT_UPDATE")
    stale = admin.delete(path, {"version": 1})
    assert (stale.status, stale.code) == (409, "CONCURRENT_UPDATE")

    gone = expect(admin.delete(path, {"version": 2}), 200)
    assert (gone["message"], gone["event_id"]) == ("Event cancelled", event["event_id"])
    hidden = anonymous.get(f"/api/v1/events/{event['event_id']}")
    assert (hidden.status, hidden.code) == (404, "EVENT_NOT_FOUND")
    again = admin.put(path, {"name": "Back from the dead"})
    assert (again.status, again.code) == (409, "EVENT_NOT_MODIFIABLE")


def test_book_by_quantity_and_by_seats(user, event, seated_event):
    """S4's two ways to book in one step, each with an Idempotency-Key. S4-BOOK-1 to 3, S4-BOOK-5, S4-IDEM-1."""
    by_number = expect(
        user.post(f"/api/v1/events/{event['event_id']}/book", {"quantity": 2}, idempotency_key="user42-event42-attempt1"),
        201,
    )
    assert (by_number["quantity"], by_number["status"], by_number["seat_ids"]) == (2, "confirmed", [])
    assert by_number["total_price"] == Decimal("50.00")

    by_seats = expect(
        user.post(
            f"/api/v1/events/{seated_event['event_id']}/book",
            {"seat_ids": ["A-1", "A-2"]},
            idempotency_key="user42-event42-seatsA1A2",
        ),
        201,
    )
    assert (by_seats["quantity"], by_seats["seat_ids"]) == (2, ["A-1", "A-2"])

    listed = expect(user.get("/api/v1/me/bookings"), 200)["bookings"]
    assert {booking["booking_id"] for booking in listed} == {by_number["booking_id"], by_seats["booking_id"]}
    expect(user.delete(f"/api/v1/bookings/{by_number['booking_id']}"), 200)
    assert user.available(event) == 100


def test_qty_is_quantity(user, event):
    """S4-BOOK-2: `qty` is accepted too."""
    assert user.book(event, qty=3)["quantity"] == 3


def test_quantity_in_reserved_section_gives_seats(user, seated_event):
    """api.md, hold or direct book: by quantity in a reserved section seats are assigned."""
    hold = user.hold(seated_event, quantity=3)
    booking = user.confirm(hold)
    assert hold["seat_ids"] == booking["seat_ids"]
    assert len(set(booking["seat_ids"])) == 3


def test_health(anonymous):
    """S1-GW-1, S1-GW-2, S2-GW-1, S2-GW-2, S3-GW-2, S4-GW-1, S5-GW-6, S5-GW-10."""
    assert expect(anonymous.get("/healthz"), 200) == {"status": "ok"}
    assert expect(anonymous.get("/api/v1/healthz"), 200) == {"status": "healthy"}
    assert expect(anonymous.get("/health/ready"), 200) == {"status": "ready", "database": "connected"}
    health = expect(anonymous.get("/health"), 200)
    assert health["status"] == "healthy"
    assert health["services"] == {"auth": True, "events": True, "inventory": True, "bookings": True, "search": True}
