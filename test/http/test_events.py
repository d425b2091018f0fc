"""Events, read: lists and their filters, details, and what is left of them."""

from decimal import Decimal
from uuid import uuid4

import pytest

from client import RFC3339_UTC, assert_error, expect, unique
from conftest import in_days

EVENT_FIELDS = {
    "event_id", "name", "description", "venue", "event_type", "start_datetime", "end_datetime", "datetime", "timezone",
    "sale_start_time", "sale_end_time", "total_capacity", "available_seats", "booked_count", "base_price", "currency",
    "max_tickets_per_booking", "status", "sale_status", "tags", "created_by", "created_at", "version", "max_tickets_per_user",
}  # fmt: skip


def events(client, **query):
    return expect(client.get("/api/v1/events", **query), 200)


def names(page):
    return [event["name"] for event in page["events"]]


def test_detail(anonymous, admin, new_venue, new_event):
    """S1-EVP-2, S2-EVP-2, S3-EVP-2, S4-EVP-2, S5-EVP-2, S1-EVP-5: everything about an event, with its venue."""
    venue = new_venue()
    event = new_event(venue_id=venue["venue_id"], event_type="concert", tags=["a", "b"], description="Text.")
    read = expect(anonymous.get(f"/api/v1/events/{event['event_id']}"), 200)
    assert read == event
    assert EVENT_FIELDS <= set(read)
    assert read["venue"] == {key: venue[key] for key in ("venue_id", "name", "address", "city")}
    assert read["datetime"] == read["start_datetime"]
    assert (read["status"], read["sale_status"], read["tags"]) == ("published", "on_sale", ["a", "b"])
    assert (read["available_seats"], read["booked_count"]) == (100, 0)
    assert (read["created_by"], read["version"]) == (admin.user_id, 1)
    assert all(RFC3339_UTC.fullmatch(read[key]) for key in ("start_datetime", "end_datetime", "created_at"))


def test_availability(anonymous, user, event):
    """S1-EVP-3, S2-EVP-3."""
    user.book(event, quantity=3)
    user.hold(event, quantity=2)
    read = expect(anonymous.get(f"/api/v1/events/{event['event_id']}/availability"), 200)
    assert (read["event_id"], read["available_seats"], read["status"]) == (event["event_id"], 95, "published")
    assert RFC3339_UTC.fullmatch(read["last_updated"])
    detail = expect(anonymous.get(f"/api/v1/events/{event['event_id']}"), 200)
    assert (detail["available_seats"], detail["booked_count"]) == (95, 3)


def test_sections_and_seats(anonymous, user, seated_event):
    """S3-EVP-3, S3-EVP-5, S4-EVP-3."""
    path = f"/api/v1/events/{seated_event['event_id']}"
    assert_error(anonymous.get(f"{path}/sections"), 401, "UNAUTHORIZED")
    section = expect(user.get(f"{path}/sections"), 200)["sections"][0]
    assert (section["section"], section["kind"], section["capacity"], section["available_seats"]) == (
        "Stalls",
        "reserved",
        20,
        20,
    )
    seat_map = expect(anonymous.get(f"{path}/seats"), 200)
    assert (seat_map["total"], seat_map["available"]) == (20, 20)
    assert [seat["seat_id"] for seat in seat_map["seats"]] == [f"{row}-{n}" for row in "AB" for n in range(1, 11)]
    seat = seat_map["seats"][11]
    assert (seat["row"], seat["number"], seat["section"], seat["price"]) == ("B", 2, "Stalls", Decimal("50.00"))
    assert {"id", "section_id", "x", "y", "status", "accessible"} <= set(seat)


def test_compact_seat_map(anonymous, user, seated_event):
    """One letter a seat, by section and row; it has a tag of its own, and is not modified until somebody buys."""
    path = f"/api/v1/events/{seated_event['event_id']}/seats?format=compact"
    user.book(seated_event, seat_ids=["A-2", "B-10"])
    first = anonymous.get(path)
    (section,) = first.json["sections"]
    assert (section["section"], section["price"], section["total"], section["available"]) == ("Stalls", Decimal("50.00"), 20, 18)
    assert section["rows"] == [
        {"row": "A", "prefix": "A-", "first": 1, "states": "asaaaaaaaa"},
        {"row": "B", "prefix": "B-", "first": 1, "states": "aaaaaaaaas"},
    ]
    assert first.json["seats"] is None and len(first.body) < len(anonymous.get(path.split("?")[0]).body) / 5
    tag = {"If-None-Match": first.headers["etag"]}
    assert anonymous.request("GET", path, headers=tag).status == 304
    user.hold(seated_event, seat_ids=["A-1"])
    after = anonymous.request("GET", path, headers=tag)
    assert (after.status, after.json["sections"][0]["rows"][0]["states"]) == (200, "hsaaaaaaaa")
    assert_error(anonymous.get(path.replace("compact", "bitmap")), 400, "VALIDATION_ERROR", field="format")


def test_general_admission_has_no_seats(anonymous, event):
    seat_map = expect(anonymous.get(f"/api/v1/events/{event['event_id']}/seats"), 200)
    assert (seat_map["seats"], seat_map["total"]) == ([], 0)


@pytest.mark.parametrize("kind", ["unknown", "draft", "inactive", "cancelled"])
def test_hidden_events(anonymous, user, admin, new_event, kind):
    """S2-EVP-4: EVENT_NOT_FOUND also when not published; an administrator still sees it."""
    event = {"event_id": str(uuid4())} if kind == "unknown" else new_event(status="draft" if kind == "draft" else None)
    admin_path = f"/api/v1/admin/events/{event['event_id']}"
    if kind == "inactive":
        expect(admin.post(f"{admin_path}/deactivate"), 200)
    if kind == "cancelled":
        expect(admin.delete(admin_path), 200)
    for part in ["", "/availability", "/seats", "/sections"]:
        assert_error(user.get(f"/api/v1/events/{event['event_id']}{part}"), 404, "EVENT_NOT_FOUND")
    if kind != "unknown":
        assert expect(admin.get(admin_path), 200)["status"] == kind
        assert events(anonymous, q=event["name"])["events"] == []


def test_filters(anonymous, new_venue, new_event):
    """S1-EVP-1, S1-EVP-4, S2-EVP-1, S4-EVP-1: type, city, date, date_from, date_to, q, tags; each alone and all together."""
    kind, city, tag = unique("type"), unique("City"), unique("tag")
    venue, elsewhere = new_venue(city=city), new_venue(city=unique("City"))
    match = new_event(
        event_type=kind, venue_id=venue["venue_id"], tags=[tag, "x"], start_datetime="2031-05-17T20:00:00Z", total_capacity=None
    )
    other = new_event(event_type=kind, venue_id=elsewhere["venue_id"], start_datetime="2031-05-18T00:00:00Z")

    assert names(events(anonymous, type=kind)) == [match["name"], other["name"]]
    assert names(events(anonymous, type=kind.upper())) == [match["name"], other["name"]]
    for query in [
        {"city": city},
        {"city": city.upper()},
        {"tags": tag},
        {"tags": f"{tag},x"},
        {"q": match["name"]},
        {"q": match["name"][3:].upper()},
        {"search": match["name"]},
        {"q": venue["name"]},
        {"type": kind, "date": "2031-05-17"},
        {"type": kind, "date_to": "2031-05-17"},
        {"type": kind, "date_from": "2031-05-17", "date_to": "2031-05-17"},
        {"type": kind, "date_from": "2031-05-17T20:00:00Z", "date_to": "2031-05-17T22:00:01+02:00"},
        {"type": kind, "city": city, "q": "event", "tags": tag, "date": "2031-05-17", "status": "published"},
    ]:
        page = events(anonymous, **query)
        assert names(page) == [match["name"]], query
        assert page["total"] == 1
    for query in [
        {"type": kind, "date_from": "2031-05-18"},
        {"type": kind, "date": "2031-05-18"},
    ]:
        assert names(events(anonymous, **query)) == [other["name"]], query
    for query in [
        {"type": kind, "date_from": "2031-05-19"},
        {"type": kind, "tags": f"{tag},y"},
        {"type": kind[:-1]},
        {"type": kind, "status": "draft"},
    ]:
        assert events(anonymous, **query)["events"] == [], query


@pytest.mark.parametrize(
    "text", ["100%", "a_b", "%", "_", "back\\slash", "quo'te", 'dou"ble', "plus+plus", "Zo\u00eb", "\u6771\u4eac", "semi;colon"]
)
def test_search_takes_every_character_as_it_is(anonymous, new_event, text):
    """H72, S3-GW-8: % and _ in a search are plain characters; nothing in it is SQL."""
    marker = unique("m")
    hit = new_event(name=f"{marker} {text} end")
    new_event(name=f"{marker} 1000 aXb end")
    assert names(events(anonymous, q=f"{marker} {text} END")) == [hit["name"]]


def test_sorting(anonymous, new_event):
    kind = unique("type")
    made = {
        name: new_event(name=f"{name} {kind}", event_type=kind, base_price=price, start_datetime=in_days(days))
        for name, price, days in [("b", 3, 50), ("a", 20, 40), ("C", 1, 45)]
    }
    for query, order in [
        ({}, "aCb"),
        ({"sort": "start_datetime", "order": "desc"}, "bCa"),
        ({"sort": "name"}, "abC"),
        ({"sort": "price"}, "Cba"),
        ({"sort": "price", "order": "DESC"}, "abC"),
        ({"sort": "created_at"}, "baC"),
    ]:
        assert names(events(anonymous, type=kind, **query)) == [made[name]["name"] for name in order], query


@pytest.mark.parametrize(
    "query, field",
    [
        ({"page": 0}, "page"),
        ({"page": -1}, "page"),
        ({"page": "two"}, "page"),
        ({"page": "1.5"}, "page"),
        ({"page": "9" * 12}, "page"),
        ({"limit": 0}, "limit"),
        ({"limit": -5}, "limit"),
        ({"limit": "1; DROP TABLE event"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"sort": "password"}, "sort"),
        ({"order": "up"}, "order"),
        ({"status": "secret"}, "status"),
        ({"date": "soon"}, "date"),
        ({"date": "2031-02-30"}, "date"),
        ({"date_from": "infinity"}, "date_from"),
        ({"date_to": "NaN"}, "date_to"),
        ({"date_to": "2031-13-01"}, "date_to"),
        ({"date_from": "10000-01-01"}, "date_from"),
    ],
)
def test_list_with_bad_arguments(anonymous, query, field):
    """H74: 400 that names the field."""
    assert_error(anonymous.get("/api/v1/events", **query), 400, "VALIDATION_ERROR", field)


def test_huge_page_is_empty(anonymous):
    page = events(anonymous, page=2**31 - 1, limit=100)
    assert (page["events"], page["has_more"]) == ([], False)


def test_pages(anonymous, new_event):
    """S2-EVP-1, H72: walking all pages shows each event once; limit 20 by default, 100 at most."""
    kind = unique("type")
    same_time = in_days(33)
    made = {new_event(event_type=kind, start_datetime=same_time)["event_id"] for _ in range(23)}
    first = events(anonymous, type=kind)
    assert (first["total"], first["page"], first["limit"], first["has_more"], len(first["events"])) == (23, 1, 20, True, 20)
    for limit in (1, 7, 23, 100):
        seen, page_number = [], 1
        while True:
            page = events(anonymous, type=kind, page=page_number, limit=limit)
            seen += [event["event_id"] for event in page["events"]]
            assert (page["page"], page["limit"]) == (page_number, limit)
            if not page["has_more"]:
                break
            page_number += 1
        assert len(seen) == 23 and set(seen) == made
        by_offset = events(anonymous, type=kind, limit=limit, offset=5)["events"]
        assert [event["event_id"] for event in by_offset] == seen[5 : 5 + limit]
    assert events(anonymous, type=kind, limit=1000)["limit"] == 100
    assert events(anonymous, type=kind, page_size=5)["limit"] == 5


def test_pages_while_events_are_added(anonymous, new_event):
    """H72: what comes later in the order does not move what was there: each shown once."""
    kind = unique("type")
    made = [new_event(event_type=kind, start_datetime=in_days(10 + n))["event_id"] for n in range(9)]
    seen = []
    for page_number in range(1, 4):
        page = events(anonymous, type=kind, page=page_number, limit=3)
        seen += [event["event_id"] for event in page["events"]]
        new_event(event_type=kind, start_datetime=in_days(100))
    assert seen == made
    assert page["has_more"]


def test_upcoming(anonymous, new_event):
    """S3-EVP-4; a static word wins over {id}."""
    kind = unique("type")
    new_event(event_type=kind, start_datetime=in_days(-5))
    future = new_event(event_type=kind, start_datetime=in_days(5))
    upcoming = expect(anonymous.get("/api/v1/events/upcoming", type=kind), 200)
    assert names(upcoming) == [future["name"]]
    assert {"events", "total", "page", "limit", "has_more"} <= set(upcoming)


def test_sale_status(anonymous, user, new_event):
    """Derived, never written: upcoming, on_sale, sold_out, ended."""
    for fields, status in [
        ({"sale_start_time": in_days(1)}, "upcoming"),
        ({"sale_start_time": in_days(-1)}, "on_sale"),
        ({"total_capacity": 0}, "sold_out"),
        ({"start_datetime": in_days(-2)}, "ended"),
    ]:
        assert new_event(**fields)["sale_status"] == status, fields
    event = new_event(total_capacity=1)
    user.book(event, quantity=1)
    assert expect(anonymous.get(f"/api/v1/events/{event['event_id']}"), 200)["sale_status"] == "sold_out"


def test_admin_list(admin, own_events_admin, new_event):
    """S2-EVA-4: one's own by default; scope=all needs events:any."""
    others = new_event(status="draft")
    body = {"name": unique("Own"), "start_datetime": in_days(9), "total_capacity": 5}
    own = expect(own_events_admin.post("/api/v1/admin/events", body), 201)
    page = expect(own_events_admin.get("/api/v1/admin/events", page=1, limit=20, status="published"), 200)
    assert (names(page), page["total"]) == ([own["name"]], 1)
    assert_error(own_events_admin.get("/api/v1/admin/events", scope="all"), 403, "FORBIDDEN")
    for name in (others["name"], own["name"]):
        assert names(expect(admin.get("/api/v1/admin/events", scope="all", q=name), 200)) == [name]
    assert expect(admin.get("/api/v1/admin/events", q=own["name"]), 200)["events"] == []
    assert names(expect(admin.get("/api/v1/admin/events", q=others["name"], status="draft"), 200)) == [others["name"]]
