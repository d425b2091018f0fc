"""An event from its creation to its end, in the words of the two designs that have words of their own for it."""

from client import assert_error, expect, unique
from conftest import in_days


def test_by_capacity_and_activity(admin, anonymous, user):
    """S4-EVA-1 to 4: a venue by name, changed in part, taken from sale and put back, ended."""
    body = {"name": unique("Dev Summit"), "venue": unique("Hall"), "start_time": in_days(20), "end_time": in_days(21), "capacity": 200}
    event = expect(admin.post("/api/v1/admin/events", body), 201)
    assert (event["venue"]["name"], event["total_capacity"], event["available_seats"]) == (body["venue"], 200, 200)
    assert (event["start_datetime"], event["end_datetime"]) == (body["start_time"], body["end_time"])
    path, public = f"/api/v1/admin/events/{event['event_id']}", f"/api/v1/events/{event['event_id']}"
    assert expect(admin.patch(path, {"capacity": 150}), 200)["available_seats"] == 150

    assert expect(admin.post(f"{path}/deactivate"), 200)["status"] == "inactive"
    assert_error(anonymous.get(public), 404, "EVENT_NOT_FOUND")
    assert_error(user.post(f"{public}/book", {"quantity": 1}), 409, "EVENT_NOT_BOOKABLE")
    assert expect(admin.patch(path, {"status": "published"}), 200)["status"] == "published"
    user.book(event, quantity=1)

    expect(admin.delete(path), 200)
    assert_error(anonymous.get(public), 404, "EVENT_NOT_FOUND")


def test_by_sale_status(admin, anonymous, user):
    """S5-EVA-1 to 4: upcoming though its sale should have begun, until it is set on sale; sold out by hand; ended."""
    body = {
        "eventName": unique("Eras Tour"),
        "eventDate": "2031-12-05T19:00:00Z",
        "venueName": unique("Field"),
        "totalSeats": 50000,
        "sale_status": "UPCOMING",
        "saleStartTime": "2025-11-01T10:00:00Z",
    }
    event = expect(admin.post("/api/v1/admin/events", body), 201)
    assert (event["name"], event["start_datetime"], event["total_capacity"]) == (body["eventName"], body["eventDate"], 50000)
    path, public = f"/api/v1/admin/events/{event['event_id']}", f"/api/v1/events/{event['event_id']}"

    def sale_status():
        return expect(anonymous.get(public), 200)["sale_status"]

    assert sale_status() == "upcoming"
    assert_error(user.post(f"{public}/book", {"quantity": 1}), 409, "SALE_NOT_STARTED")
    assert_error(admin.put(f"{path}/sale-status", {"status": "SOLD_OUT"}), 409, "INVALID_STATUS_TRANSITION")
    expect(admin.put(f"{path}/sale-status", {"status": "ON_SALE"}), 200)
    assert sale_status() == "on_sale"
    user.book(event, quantity=2)
    assert_error(admin.put(f"{path}/sale-status", {"status": "SOLD_OUT", "version": 1}), 409, "CONCURRENT_UPDATE")
    expect(admin.put(f"{path}/sale-status", {"status": "SOLD_OUT"}), 200)
    assert sale_status() == "sold_out"
    assert_error(user.post(f"{public}/book", {"quantity": 1}), 409, "SALE_SOLD_OUT")
    assert expect(admin.delete(path), 200)["event_id"] == event["event_id"]
    assert expect(user.get("/api/v1/users/bookings"), 200)["bookings"][0]["status"] == "cancelled"
