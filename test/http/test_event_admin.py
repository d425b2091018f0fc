"""Events: their administration, what they are made of and what may be changed when, also when many change at once."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from client import RFC3339_UTC, assert_error, expect, in_parallel, unique
from conftest import in_days


def test_least_that_makes_an_event(admin):
    """api.md, create an event: published and on sale, three hours, general admission."""
    event = expect(
        admin.post(
            "/api/v1/admin/events", {"name": unique("E"), "start_datetime": "2031-01-01T20:00:00+02:00", "total_capacity": 5}
        ),
        201,
    )
    assert (event["start_datetime"], event["end_datetime"]) == ("2031-01-01T18:00:00Z", "2031-01-01T21:00:00Z")
    assert (event["status"], event["sale_status"], event["currency"]) == ("published", "on_sale", "USD")
    assert (event["base_price"], event["max_tickets_per_booking"], event["timezone"]) == (0, 20, "UTC")
    assert (event["version"], event["venue"], event["tags"]) == (1, None, [])


def test_older_spellings_of_fields(admin):
    """api.md, inputs also accepted; S4-VEN-1: the venue as text is found or made by name."""
    hall = unique("Hall")
    body = {
        "title": unique("Dev Summit"),
        "venue": hall,
        "start_time": "2025-09-20T10:00:00Z",
        "end_time": "2025-09-20T17:00:00Z",
        "capacity": 200,
    }
    event = expect(admin.post("/api/v1/admin/events", body), 201)
    assert (event["name"], event["venue"]["name"], event["total_capacity"]) == (body["title"], hall, 200)
    assert (event["start_datetime"], event["end_datetime"]) == (body["start_time"], body["end_time"])
    again = expect(admin.post("/api/v1/admin/events", {**body, "venue": {"name": hall.upper(), "city": None}}), 201)
    assert again["venue"]["venue_id"] == event["venue"]["venue_id"]


@pytest.mark.parametrize(
    "field, value",
    [
        ("name", None),
        ("name", ""),
        ("name", 5),
        ("name", "x" * 201),
        ("start_datetime", None),
        ("start_datetime", ""),
        ("start_datetime", "tomorrow"),
        ("start_datetime", "infinity"),
        ("start_datetime", "2031-02-30T10:00:00Z"),
        ("start_datetime", 1893456000),
        ("end_datetime", "2001-01-01T00:00:00Z"),
        ("end_datetime", "-infinity"),
        ("total_capacity", -1),
        ("total_capacity", 1000001),
        ("total_capacity", 10**12),
        ("total_capacity", 1.5),
        ("total_capacity", "many"),
        ("base_price", -1),
        ("base_price", "NaN"),
        ("base_price", "Infinity"),
        ("base_price", 10**12),
        ("base_price", "1e99"),
        ("base_price", 0.001),
        ("base_price", "10.005"),
        ("base_price", "cheap"),
        ("base_price", True),
        ("currency", "DOLLAR"),
        ("currency", ""),
        ("currency", "U$D"),
        ("max_tickets_per_booking", 0),
        ("max_tickets_per_booking", 1001),
        ("status", "cancelled"),
        ("status", "nonsense"),
        ("status", 5),
        ("timezone", "Mars/Olympus"),
        ("timezone", "UTC0; drop"),
        ("tags", "a,b"),
        ("tags", [1]),
        ("tags", [""]),
        ("tags", ["x" * 51]),
        ("tags", [f"t{i}" for i in range(21)]),
        ("sale_start_time", "x"),
    ],
)
def test_bad_fields_of_a_new_event(admin, field, value):
    """S3-ERR, H74: 400 with the field's name, and no event."""
    name = unique("Bad")
    body = {"name": name, "start_datetime": in_days(9), "total_capacity": 10, field: value}
    answer = admin.post("/api/v1/admin/events", body)
    assert_error(answer, 400, "VALIDATION_ERROR", field)
    assert expect(admin.get("/api/v1/admin/events", q=name), 200)["total"] == 0


def test_capacity_is_required_without_a_venue(admin):
    answer = admin.post("/api/v1/admin/events", {"name": unique("E"), "start_datetime": in_days(9)})
    assert_error(answer, 400, "VALIDATION_ERROR", "total_capacity")


def test_sale_window_has_to_be_one(admin, event):
    window = {"sale_start_time": in_days(5), "sale_end_time": in_days(4)}
    body = {"name": unique("E"), "start_datetime": in_days(9), "total_capacity": 10, **window}
    assert_error(admin.post("/api/v1/admin/events", body), 400, "VALIDATION_ERROR", "sale_end_time")
    assert_error(admin.put(f"/api/v1/admin/events/{event['event_id']}", window), 400, "VALIDATION_ERROR")


def test_unknown_venue(admin):
    body = {"name": unique("E"), "start_datetime": in_days(9), "venue_id": str(uuid4())}
    assert_error(admin.post("/api/v1/admin/events", body), 404, "VENUE_NOT_FOUND")
    assert_error(admin.post("/api/v1/admin/events", {**body, "venue_id": "hall-a"}), 400, "INVALID_ID", "venue_id")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_partial_update(admin, anonymous, event, method):
    """S2-EVA-2: only what is sent changes; the version goes up by one."""
    changes = {
        "description": "New.",
        "base_price": "19.99",
        "total_capacity": 150,
        "tags": ["new"],
        "max_tickets_per_booking": 2,
    }
    path = f"/api/v1/admin/events/{event['event_id']}"
    changed = expect(admin.request(method, path, changes), 200)
    assert changed["version"] == 2
    assert (changed["base_price"], changed["available_seats"]) == (Decimal("19.99"), 150)
    for field in set(event) - set(changes) - {"version", "available_seats"}:
        assert changed[field] == event[field], field
    assert expect(anonymous.get(f"/api/v1/events/{event['event_id']}"), 200) == changed
    assert expect(admin.request(method, path, {"version": 2, "name": "N"}), 200)["version"] == 3
    assert_error(admin.request(method, path, {"version": 2, "name": "M"}), 409, "CONCURRENT_UPDATE")


def test_if_match(admin, event):
    """api.md, update: a stale If-Match is 412 and changes nothing; one that cannot be read is refused, never ignored."""
    path = f"/api/v1/admin/events/{event['event_id']}"
    assert_error(admin.request("PATCH", path, {"name": "M"}, headers={"If-Match": '"77"'}), 412, "PRECONDITION_FAILED")
    assert_error(admin.request("PATCH", path, {"name": "M"}, headers={"If-Match": "abc"}), 400, "VALIDATION_ERROR")
    assert expect(admin.get(path), 200) == event
    assert expect(admin.request("PATCH", path, {"name": "M"}, headers={"If-Match": '"1"'}), 200)["version"] == 2
    assert expect(admin.request("PATCH", path, {"name": "N"}, headers={"If-Match": "*"}), 200)["version"] == 3


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"name": ""}, "name"),
        ({"total_capacity": -1}, "total_capacity"),
        ({"base_price": -1}, "base_price"),
        ({"max_tickets_per_booking": 0}, "max_tickets_per_booking"),
        ({"timezone": "x"}, "timezone"),
        ({"end_datetime": "2001-01-01"}, "end_datetime"),
        ({"start_datetime": "infinity"}, "start_datetime"),
        ({"status": "x"}, "status"),
        ({"version": "one"}, "version"),
    ],
)
def test_bad_fields_of_an_update(admin, event, changes, field):
    path = f"/api/v1/admin/events/{event['event_id']}"
    assert_error(admin.put(path, {"description": "New.", **changes}), 400, "VALIDATION_ERROR", field)
    assert expect(admin.get(path), 200) == event


def test_started_event_is_not_changed(admin, new_event):
    """S2-EVA-6, S2-ERR-6: EVENT_NOT_MODIFIABLE: already started or cancelled."""
    event = new_event(start_datetime=in_days(-1), end_datetime=in_days(1))
    path = f"/api/v1/admin/events/{event['event_id']}"
    assert_error(admin.put(path, {"name": "N"}), 409, "EVENT_NOT_MODIFIABLE")
    assert_error(admin.delete(path), 409, "EVENT_NOT_MODIFIABLE")


def test_capacity_below_what_is_sold(admin, user, event):
    user.book(event, quantity=10)
    path = f"/api/v1/admin/events/{event['event_id']}"
    error = assert_error(admin.put(path, {"total_capacity": 9, "name": "N"}), 409, "CAPACITY_BELOW_BOOKED")
    assert "capacity" in error["message"]
    after = expect(admin.get(path), 200)
    assert (after["name"], after["total_capacity"], after["version"]) == (event["name"], 100, 1)
    assert expect(admin.put(path, {"total_capacity": 10}), 200)["sale_status"] == "sold_out"


def test_price_change_keeps_what_was_promised(admin, user, event):
    hold = user.hold(event, quantity=1)
    expect(admin.put(f"/api/v1/admin/events/{event['event_id']}", {"base_price": 80}), 200)
    assert user.confirm(hold)["total_price"] == Decimal("25.00")
    assert user.book(event, quantity=1)["total_price"] == Decimal("80.00")


def test_status_changes(admin, new_event):
    """S2-EVA-5: draft, published, inactive and back; setting the present one is 200 and changes nothing."""
    event = new_event(status="draft")
    path = f"/api/v1/admin/events/{event['event_id']}/status"
    assert expect(admin.put(path, {"status": "draft"}), 200)["version"] == 1
    assert_error(admin.put(path, {"status": "inactive"}), 409, "INVALID_STATUS_TRANSITION")
    for status in ["PUBLISHED", "inactive", "published"]:
        assert expect(admin.put(path, {"status": status}), 200)["status"] == status.lower()
    assert_error(admin.put(path, {"status": "cancelled"}), 409, "INVALID_STATUS_TRANSITION")
    assert_error(admin.put(path, {"status": "completed"}), 409, "INVALID_STATUS_TRANSITION")
    assert_error(admin.put(path, {"status": "x"}), 400, "VALIDATION_ERROR", "status")
    assert_error(admin.put(path, {}), 400, "VALIDATION_ERROR", "status")
    assert_error(admin.put(path, {"status": "inactive", "version": 1}), 409, "CONCURRENT_UPDATE")


def test_cancelled_event_stays_cancelled(admin, event):
    path = f"/api/v1/admin/events/{event['event_id']}"
    expect(admin.delete(path), 200)
    assert_error(admin.delete(path), 409, "EVENT_NOT_MODIFIABLE")
    assert_error(admin.put(f"{path}/status", {"status": "published"}), 409, "INVALID_STATUS_TRANSITION")
    after = expect(admin.get(path), 200)
    assert (after["status"], after["sale_status"]) == ("cancelled", "cancelled")


def test_times_keep_their_fraction_and_lose_their_offset(admin):
    """api.md, time: UTC with Z; fractions only when not zero; any offset on input."""
    for given, read in [
        ("2031-01-01T00:00:00.25-05:30", "2031-01-01T05:30:00.25Z"),
        ("2031-01-01 00:00", "2031-01-01T00:00:00Z"),
        ("2031-06-01", "2031-06-01T00:00:00Z"),
        ("2031-01-01T00:00:00.000Z", "2031-01-01T00:00:00Z"),
    ]:
        event = expect(
            admin.post("/api/v1/admin/events", {"name": unique("E"), "start_datetime": given, "total_capacity": 1}), 201
        )
        start = event["start_datetime"]
        assert RFC3339_UTC.fullmatch(start)
        assert start.replace("250000Z", "25Z") == read
        end = datetime.fromisoformat(event["end_datetime"].replace("Z", "+00:00"))
        assert end - datetime.fromisoformat(start.replace("Z", "+00:00")) == timedelta(hours=3)


def test_parallel_updates_with_one_version(admin, event):
    """S2-EVA-7, S2-ERR-2: of 20 who read version 1, one writes; nobody's change is lost unseen."""
    path = f"/api/v1/admin/events/{event['event_id']}"
    answers = in_parallel(lambda n=n: admin.put(path, {"version": 1, "name": f"Name {n}"}) for n in range(20))
    winners = [answer.json for answer in answers if answer.status == 200]
    assert len(winners) == 1
    assert {answer.code for answer in answers if answer.status != 200} == {"CONCURRENT_UPDATE"}
    assert expect(admin.get(path), 200) == winners[0]


def test_parallel_events_share_a_new_venue(admin):
    """S4-VEN-1: a venue named by ten events at once is made once."""
    hall = unique("Hall")
    body = {"name": unique("E"), "start_datetime": in_days(9), "total_capacity": 5, "venue": hall}
    answers = in_parallel([lambda: admin.post("/api/v1/admin/events", body)] * 10)
    assert len({expect(answer, 201)["venue"]["venue_id"] for answer in answers}) == 1
    assert expect(admin.get("/api/v1/admin/venues", search=hall), 200)["total"] == 1


def test_venue_deleted_while_events_are_made_there(admin, new_venue):
    """S2-VEN-5 under race: either the venue has an event and stays, or it is gone and no event has it."""
    for _ in range(10):
        venue = new_venue()
        body = {"name": unique("E"), "start_datetime": in_days(9), "total_capacity": 5, "venue_id": venue["venue_id"]}
        deleted, *made = in_parallel(
            [lambda venue=venue: admin.delete(f"/api/v1/admin/venues/{venue['venue_id']}")]
            + [lambda body=body: admin.post("/api/v1/admin/events", body)] * 4
        )
        if deleted.status == 200:
            assert {(answer.status, answer.code) for answer in made} == {(404, "VENUE_NOT_FOUND")}
        else:
            assert_error(deleted, 409, "VENUE_IN_USE")
            assert {answer.status for answer in made} == {201}


def test_cancelling_races_with_booking(crowd, admin, new_event):
    """concurrency.md rule 3: a booking that was acknowledged is refunded, or was refused; none is left on a dead event."""
    event = new_event()
    path = f"/api/v1/events/{event['event_id']}/book"
    cancelled, *answers = in_parallel(
        [lambda: admin.delete(f"/api/v1/admin/events/{event['event_id']}")]
        + [lambda client=client: (client, client.post(path, {"quantity": 1})) for client in crowd[:30]]
    )
    booked = [(client, answer.json) for client, answer in answers if answer.status == 201]
    assert {answer.status for _, answer in answers} <= {201, 404, 409}
    assert expect(cancelled, 200)["bookings_cancelled"] == len(booked)
    for client, booking in booked:
        assert expect(client.get(f"/api/v1/bookings/{booking['booking_id']}"), 200)["status"] == "cancelled"
