"""Venues: what they are made of, changed, listed and deleted."""

from uuid import uuid4

import pytest

from client import assert_error, expect, unique

VENUES = "/api/v1/admin/venues"
VENUE_FIELDS = {
    "venue_id", "name", "address", "city", "state", "country", "postal_code", "capacity", "layout_config", "sections",
    "version",
}  # fmt: skip


def test_create_and_read(admin):
    """S1-VEN-1, S2-VEN-1; layout_config comes back as it was, compact."""
    body = {
        "name": unique("Garden"), "address": "4 Plaza", "city": "NYC", "state": "NY", "country": "USA", "postal_code": "10001",
        "capacity": 500, "layout_config": {"rows": [1, 2.50], "note": "a \"b\" \u00e9", "deep": {"x": None}},
    }  # fmt: skip
    answer = admin.post(VENUES, body)
    venue = expect(answer, 201)
    assert VENUE_FIELDS <= set(venue)
    for field, value in body.items():
        if field != "layout_config":
            assert venue[field] == value, field
    assert venue["layout_config"]["note"] == body["layout_config"]["note"]
    assert b'"deep":{"x":null}' in answer.body
    assert expect(admin.get(f"{VENUES}/{venue['venue_id']}"), 200) == venue


def test_sections_make_the_capacity(admin):
    """S3-VT-4: reserved and general sections, in order, with prices."""
    sections = [
        {"name": "Stalls", "kind": "reserved", "rows": 3, "seats_per_row": 4, "price_multiplier": 1.5},
        {"name": "Floor", "kind": "general", "capacity": 100},
    ]
    venue = expect(admin.post(VENUES, {"name": unique("V"), "capacity": 7, "sections": sections}), 201)
    assert venue["capacity"] == 112
    assert [(s["name"], s["kind"], s["capacity"]) for s in venue["sections"]] == [
        ("Stalls", "reserved", 12),
        ("Floor", "general", 100),
    ]


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"capacity": -1}, "capacity"),
        ({"capacity": 1000001}, "capacity"),
        ({"capacity": "big"}, "capacity"),
        ({"city": ["x"]}, "city"),
        ({"city": "x" * 201}, "city"),
        ({"sections": [{}]}, "sections"),
        ({"sections": [{"name": "A", "kind": "magic", "capacity": 1}]}, None),
        ({"sections": [{"name": "A", "kind": "general"}]}, "sections"),
        ({"sections": [{"name": "A", "kind": "reserved", "rows": 0, "seats_per_row": 1}]}, "rows"),
        ({"sections": [{"name": "A", "kind": "reserved", "rows": 10**6, "seats_per_row": 10**6}]}, None),
        ({"sections": [{"name": "A", "kind": "reserved", "rows": 1, "seats_per_row": 1, "row_start": "1"}]}, "sections"),
        ({"sections": [{"name": "A", "kind": "general", "capacity": 1}] * 2}, "sections"),
        ({"sections": {"name": "A"}}, None),
        ({"sections": "A"}, None),
        ({"sections": 5}, None),
        ({"sections": [5]}, None),
        ({"sections": [{"name": "A", "kind": "general", "capacity": "x"}]}, "capacity"),
        ({"sections": [{"name": "A", "kind": "general", "capacity": 1, "price_multiplier": -1}]}, "price_multiplier"),
        ({"sections": [{"name": "A", "kind": "general", "capacity": 1, "price_multiplier": "NaN"}]}, "price_multiplier"),
        ({"sections": [{"name": "A", "rows": 1e10, "seats_per_row": 1}]}, "rows"),
    ],
)
def test_bad_fields(admin, changes, field):
    name = unique("Bad")
    answer = admin.post(VENUES, {"name": name, "capacity": 10, **changes})
    assert_error(answer, 400, "VALIDATION_ERROR", field)
    assert expect(admin.get(VENUES, search=name), 200)["total"] == 0


def test_update(admin, new_venue):
    """S2-VEN-3: partial; version optional, stale is 409."""
    venue = new_venue()
    path = f"{VENUES}/{venue['venue_id']}"
    changed = expect(admin.put(path, {"city": "Boston", "version": 1}), 200)
    assert (changed["city"], changed["version"], changed["name"]) == ("Boston", 2, venue["name"])
    assert_error(admin.put(path, {"city": "Rome", "version": 1}), 409, "CONCURRENT_UPDATE")
    assert expect(admin.put(path, {"capacity": 5}), 200)["version"] == 3
    assert_error(admin.put(path, {"name": ""}), 400, "VALIDATION_ERROR", "name")
    assert_error(admin.put(path, {"capacity": -1}), 400, "VALIDATION_ERROR", "capacity")


def test_later_edits_do_not_move_sold_seats(admin, user, new_venue, new_event):
    """api.md, capacity: seats are copied when the event is made."""
    venue = new_venue(sections=[{"name": "S", "kind": "reserved", "rows": 1, "seats_per_row": 2}])
    event = new_event(venue_id=venue["venue_id"], total_capacity=None)
    booking = user.book(event, seat_ids=["A-1"])
    expect(admin.put(f"{VENUES}/{venue['venue_id']}", {"name": unique("Renamed")}), 200)
    assert expect(user.get(f"/api/v1/bookings/{booking['booking_id']}"), 200)["seat_ids"] == ["A-1"]
    assert expect(user.get(f"/api/v1/events/{event['event_id']}"), 200)["total_capacity"] == 2


def test_capacity_of_a_venue_with_sections_is_theirs(admin, new_venue):
    venue = new_venue(sections=[{"name": "S", "kind": "general", "capacity": 3}])
    assert_error(admin.put(f"{VENUES}/{venue['venue_id']}", {"capacity": 5}), 400, "VALIDATION_ERROR", "capacity")


def test_delete(admin, new_venue, new_event):
    """S2-VEN-4, S2-VEN-5, S2-ERR-7."""
    venue = new_venue()
    path = f"{VENUES}/{venue['venue_id']}"
    event = new_event(venue_id=venue["venue_id"])
    assert_error(admin.delete(path), 409, "VENUE_IN_USE")
    assert expect(admin.get(path), 200) == venue
    expect(admin.delete(f"/api/v1/admin/events/{event['event_id']}"), 200)

    free = new_venue(sections=[{"name": "S", "kind": "reserved", "rows": 2, "seats_per_row": 2}])
    path = f"{VENUES}/{free['venue_id']}"
    assert expect(admin.delete(path), 200)["message"] == "Venue deleted"
    for answer in (admin.get(path), admin.delete(path), admin.put(path, {"name": "x"})):
        assert_error(answer, 404, "VENUE_NOT_FOUND")


def test_list(admin, new_venue):
    """S2-VEN-2, S2-SRCH-2: page, limit, city, search."""
    city = unique("City")
    made = [new_venue(city=city) for _ in range(5)]
    page = expect(admin.get(VENUES, city=city.upper(), limit=3), 200)
    assert (page["total"], page["page"], page["limit"], page["has_more"], len(page["venues"])) == (5, 1, 3, True, 3)
    second = expect(admin.get(VENUES, city=city, limit=3, page=2), 200)
    listed = [venue["venue_id"] for venue in page["venues"] + second["venues"]]
    assert sorted(listed) == sorted(venue["venue_id"] for venue in made)
    assert expect(admin.get(VENUES, search=made[2]["name"].upper()), 200)["venues"] == [made[2]]
    assert expect(admin.get(VENUES, search="%_%"), 200)["total"] == 0


def test_unknown_and_malformed_ids(admin):
    assert_error(admin.get(f"{VENUES}/{uuid4()}"), 404, "VENUE_NOT_FOUND")
    assert_error(admin.get(f"{VENUES}/42"), 400, "INVALID_ID")
