"""Venue templates, their sections and seats, and events made of them."""

from decimal import Decimal
from uuid import uuid4

from client import assert_error, expect, unique

TEMPLATES = "/api/v1/admin/venue-templates"


def test_create_read_change_delete(admin):
    """S3-VT-2: the fields of a template; PUT is partial, with a version."""
    body = {
        "name": unique("Opera"), "description": "Two tiers", "default_rows": 3, "default_seats_per_row": 4, "layout_type": "theatre"
    }  # fmt: skip
    template = expect(admin.post(TEMPLATES, body), 201)
    assert {field: template[field] for field in body} == body
    assert (template["sections"], template["capacity"], template["version"]) == ([], 0, 1)
    path = f"{TEMPLATES}/{template['venue_template_id']}"
    assert expect(admin.get(path), 200) == template
    changed = expect(admin.put(path, {"description": "One tier", "version": 1}), 200)
    assert (changed["description"], changed["name"], changed["version"]) == ("One tier", body["name"], 2)
    assert_error(admin.put(path, {"name": "x", "version": 1}), 409, "CONCURRENT_UPDATE")
    assert_error(admin.post(TEMPLATES, {}), 400, "VALIDATION_ERROR", "name")
    assert expect(admin.delete(path), 200)["venue_template_id"] == template["venue_template_id"]
    for answer in (admin.get(path), admin.put(path, {}), admin.delete(path), admin.get(f"{path}/sections")):
        assert_error(answer, 404, "VENUE_TEMPLATE_NOT_FOUND")


def test_list(admin, new_template):
    """S3-VT-1."""
    word = unique("Listed")
    made = [new_template(name=f"{word} {n}") for n in range(3)]
    page = expect(admin.get(TEMPLATES, search=word.upper(), limit=2), 200)
    assert (page["total"], page["has_more"]) == (3, True)
    assert page["venue_templates"] == made[:2]


def test_sections(admin, anonymous, new_template):
    """S3-VT-3, S3-VT-4: a section's seats are made at once; the template's defaults stand in."""
    template = new_template(sections=[], default_rows=2, default_seats_per_row=3)
    path = f"{TEMPLATES}/{template['venue_template_id']}"
    body = {"name": "Balcony", "description": "Up there", "row_start": "C", "row_end": "D", "seats_per_row": 2, "price_multiplier": 1.5}
    section = expect(admin.post(f"{path}/sections", body), 201)
    assert (section["name"], section["kind"], section["capacity"]) == ("Balcony", "reserved", 4)
    assert section["price_multiplier"] == Decimal("1.5")
    expect(admin.post(f"{path}/sections", {"name": "Stalls", "kind": "reserved"}), 201)
    listed = expect(admin.get(f"{path}/sections"), 200)["sections"]
    assert [(one["name"], one["capacity"]) for one in listed] == [("Balcony", 4), ("Stalls", 6)]
    assert expect(admin.get(path), 200)["capacity"] == 10

    seats = expect(anonymous.get(f"/api/v1/sections/{section['section_id']}/seats"), 200)
    assert [seat["seat_id"] for seat in seats["seats"]] == ["C-1", "C-2", "D-1", "D-2"]
    assert (seats["event_id"], seats["seats"][0]["status"]) == (None, None)

    where = f"/api/v1/admin/sections/{section['section_id']}"
    assert expect(admin.put(where, {"name": "Gallery", "total_seats": 3}), 200)["capacity"] == 3
    assert_error(admin.put(where, {"price_multiplier": -1}), 400, "VALIDATION_ERROR")
    expect(admin.delete(where), 200)
    for answer in (admin.put(where, {"name": "x"}), admin.delete(where), anonymous.get(f"/api/v1/sections/{section['section_id']}/seats")):
        assert_error(answer, 404, "SECTION_NOT_FOUND")


def test_seats(admin, user, anonymous, new_template):
    """GET seats/{id}, PUT and DELETE admin/seats/{id}: one seat of a layout."""
    template = new_template()
    section_id = template["sections"][0]["section_id"]
    seats = expect(anonymous.get(f"/api/v1/sections/{section_id}/seats"), 200)["seats"]
    where = f"/api/v1/admin/seats/{seats[0]['id']}"
    changed = expect(admin.put(where, {"label": "Box-1", "x": 2.5, "y": "1", "accessible": True}), 200)
    assert (changed["seat_id"], changed["x"], changed["accessible"]) == ("Box-1", Decimal("2.5"), True)
    assert expect(user.get(f"/api/v1/seats/{seats[0]['id']}"), 200) == changed
    assert_error(admin.put(where, {"label": seats[1]["seat_id"]}), 400, "VALIDATION_ERROR", "label")
    expect(admin.delete(where), 200)
    for answer in (admin.delete(where), user.get(f"/api/v1/seats/{seats[0]['id']}"), user.get(f"/api/v1/seats/{uuid4()}")):
        assert_error(answer, 404, "SEAT_NOT_FOUND")


def test_event_of_a_template(admin, user, anonymous, new_template, new_event):
    """api.md, capacity: the template's, copied at creation; later edits never move sold seats. S3-VT-5: by category and price."""
    template = new_template(
        sections=[
            {"name": "Stalls", "rows": 1, "seats_per_row": 4, "price_multiplier": 2},
            {"name": "Floor", "kind": "general", "capacity": 6},
        ]
    )
    event = new_event(venue_template_id=template["venue_template_id"], total_capacity=None, base_price=10)
    assert event["total_capacity"] == 10
    section_id = template["sections"][0]["section_id"]
    booking = user.book(event, seat_ids=["A-1"])
    expect(admin.delete(f"/api/v1/admin/sections/{section_id}"), 200)
    seats = expect(anonymous.get(f"/api/v1/sections/{section_id}/seats", event_id=event["event_id"]), 200)
    assert (seats["total"], seats["available"], seats["currency"]) == (4, 3, "USD")
    assert [(seat["status"], seat["price"]) for seat in seats["seats"][:2]] == [("sold", 20), ("available", 20)]
    free = expect(anonymous.get(f"/api/v1/sections/{section_id}/seats/available", event_id=event["event_id"]), 200)
    assert [seat["seat_id"] for seat in free["seats"]] == ["A-2", "A-3", "A-4"]
    assert expect(user.get(f"/api/v1/bookings/{booking['booking_id']}"), 200)["seat_ids"] == ["A-1"]


def test_sections_of_an_event_only(anonymous, admin, seated_event, event):
    section_id = anonymous.seats(seated_event)[0]["section_id"]
    where = f"/api/v1/sections/{section_id}/seats"
    assert_error(anonymous.get(where, event_id=event["event_id"]), 404, "SECTION_NOT_FOUND")
    assert_error(anonymous.get(f"{where}/available"), 400, "VALIDATION_ERROR", "event_id")
    expect(admin.post(f"/api/v1/admin/events/{seated_event['event_id']}/deactivate"), 200)
    assert_error(anonymous.get(where, event_id=seated_event["event_id"]), 404, "EVENT_NOT_FOUND")


def test_generate_a_grid(admin, user, new_event):
    """S4-VT-1, S4-VT-6: an event of general admission gets seats, 10 in a row; once."""
    event = new_event(total_capacity=25)
    where = f"/api/v1/admin/events/{event['event_id']}/seats/generate"
    assert expect(admin.post(where), 200)["total_capacity"] == 25
    labels = [seat["seat_id"] for seat in user.seats(event)]
    assert (labels[0], labels[9], labels[10], labels[-1], len(labels)) == ("A-1", "A-10", "B-1", "C-5", 25)
    assert user.book(event, seat_ids=["A-1", "A-2"])["seat_ids"] == ["A-1", "A-2"]
    assert_error(admin.post(where), 409, "SEAT_MAP_EXISTS")
    grid = new_event(total_capacity=25)
    body = {"rows": 2, "seats_per_row": 3}
    assert expect(admin.post(f"/api/v1/admin/events/{grid['event_id']}/seats/generate", body), 200)["total_capacity"] == 6


def test_layout_of_an_event(anonymous, admin, seated_event):
    """GET events/{id}/venue/layout: what is needed to draw it."""
    path = f"/api/v1/events/{seated_event['event_id']}"
    layout = expect(anonymous.get(f"{path}/venue/layout"), 200)
    (stalls,) = layout["sections"]
    assert (stalls["name"], stalls["price"], len(stalls["seats"])) == ("Stalls", 50, 20)
    assert all(layout["min_x"] <= seat["x"] <= layout["max_x"] for seat in stalls["seats"])
    expect(admin.post(f"/api/v1/admin/events/{seated_event['event_id']}/deactivate"), 200)
    assert_error(anonymous.get(f"{path}/venue/layout"), 404, "EVENT_NOT_FOUND")
