"""Figures and search over REST, and what administrators see of bookings."""

from datetime import datetime, timezone
from decimal import Decimal

from client import assert_error, expect, unique


def test_event_in_figures(admin, user, event):
    """S1-ANA-1, S2-ANA-1, S3-ANA-2, H80: exact to the cent at this moment, under both addresses."""
    user.book(event, quantity=3)
    returned = user.book(event, quantity=1)
    expect(user.delete(f"/api/v1/bookings/{returned['booking_id']}"), 200)
    figures = expect(admin.get(f"/api/v1/admin/events/{event['event_id']}/analytics"), 200)
    assert (figures["tickets_sold"], figures["revenue"], figures["capacity_utilization"]) == (3, 75, 3)
    (day,) = figures["booking_trends"]
    assert (day["tickets_booked"], day["tickets_cancelled"], day["revenue"]) == (4, 1, 75)
    assert expect(admin.get(f"/api/v1/analytics/admin/events/{event['event_id']}"), 200) == figures


def test_all_events_in_figures(admin, own_events_admin, user):
    """S3-ANA-1, S3-ANA-3, S3-ANA-4: an administrator with events:own has the figures of his own."""
    body = {"name": unique("Mine"), "start_datetime": "2035-01-01T19:00:00Z", "total_capacity": 10, "base_price": 7.5}
    event = expect(own_events_admin.post("/api/v1/admin/events", body), 201)
    user.book(event, quantity=2)
    mine = expect(own_events_admin.get("/api/v1/admin/events/analytics"), 200)["totals"]
    assert (mine["events"], mine["booked"], mine["revenue"]) == (1, 2, 15)
    assert expect(admin.get("/api/v1/analytics/admin/bookings"), 200)["totals"]["events"] > 1

    for query in ({"by": "event"}, {"group_by": "EVENT"}):
        report = expect(own_events_admin.get("/api/v1/admin/analytics/revenue", **query), 200)
        assert [(row["event"], row["revenue"]) for row in report["rows"]] == [(body["name"], 15)]
    today = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    daily = expect(own_events_admin.get("/api/v1/analytics/admin/bookings/daily", date_from=today), 200)
    assert [(row["date"], row["tickets_booked"]) for row in daily["rows"]] == [(today, 2)]
    assert_error(admin.get("/api/v1/admin/analytics/revenue", by="year"), 400, "VALIDATION_ERROR", "by")
    assert_error(admin.get("/api/v1/admin/analytics/revenue", date_from="soon"), 400, "VALIDATION_ERROR", "date_from")
    popular = expect(own_events_admin.get("/api/v1/admin/analytics/popular-events"), 200)["events"]
    assert [row["event_id"] for row in popular] == [event["event_id"]]


def test_summary_and_dashboard(own_events_admin, user):
    """S4-ANA-2, S4-ANA-3, S3-ANA-5: what is booked shows in it."""
    body = {"name": unique("Mine"), "start_datetime": "2035-01-01T19:00:00Z", "total_capacity": 10, "base_price": 5}
    event = expect(own_events_admin.post("/api/v1/admin/events", body), 201)
    user.book(event, quantity=1)
    summary = expect(own_events_admin.get("/api/v1/admin/analytics/summary", refresh=1), 200)
    assert (summary["totals"]["booked"], summary["totals"]["revenue"]) == (1, 5)
    assert summary["top_events"][0]["event_id"] == event["event_id"]
    assert expect(own_events_admin.get("/api/v1/analytics/admin/dashboard"), 200)["totals"] == summary["totals"]


def test_cancellations_in_figures(own_events_admin, user):
    """H81: how many, what they gave back and kept, on the day they were made."""
    body = {"name": unique("Mine"), "start_datetime": "2035-01-01T19:00:00Z", "total_capacity": 10, "base_price": 10}
    event = expect(own_events_admin.post("/api/v1/admin/events", body), 201)
    terms = {"fee_type": "percentage", "fee_amount": 10}
    expect(own_events_admin.post(f"/api/v1/admin/events/{event['event_id']}/cancellation-policy", terms), 201)
    user.book(event, quantity=3)
    expect(user.delete(f"/api/v1/bookings/{user.book(event, quantity=1)['booking_id']}"), 200)
    figures = expect(own_events_admin.get("/api/v1/analytics/admin/bookings/cancellations", days=1), 200)
    assert (figures["cancellations"], figures["tickets"], figures["cancellation_rate"]) == (1, 1, 25)
    assert [(amount["refunds"], amount["fees"]) for amount in figures["amounts"]] == [(9, 1)]
    assert [(day["cancellations"], day["tickets"]) for day in figures["days"]] == [(1, 1)]


def test_users_in_figures(admin, own_events_admin, user, event):
    """Of everybody, so for administrators who may see all figures."""
    before = expect(admin.get("/api/v1/analytics/admin/users", days=1), 200)
    user.book(event, quantity=1)
    after = expect(admin.get("/api/v1/analytics/admin/users", days=1), 200)
    assert (after["buyers"], after["users"]) == (before["buyers"] + 1, before["users"])
    assert after["new_users"] == after["days"][-1]["registrations"] > 0
    assert_error(own_events_admin.get("/api/v1/analytics/admin/users"), 403, "FORBIDDEN")


def test_homepage_is_public(anonymous, event):
    """S4-ANA-1."""
    stats = expect(anonymous.get("/api/v1/stats/homepage"), 200)
    assert stats["events"] >= 1 and {"tickets_sold", "venues", "cities", "popular_events"} <= set(stats)


def test_buyer_in_figures(user, event):
    """analytics/user/*: one's own only."""
    booking = user.book(event, quantity=2)
    mine = expect(user.get("/api/v1/analytics/user/personal"), 200)
    assert (mine["user_id"], mine["bookings"], mine["tickets"]) == (user.user_id, 1, 2)
    assert mine["spent"][0]["revenue"] == Decimal("50.00")
    assert expect(user.get("/api/v1/analytics/user/bookings/history"), 200)["bookings"] == [booking]


def test_search(admin, anonymous, new_event, new_venue):
    """S4-SRCH-1, S1-SRCH-1, S5-SRCH-1: words begun, typing errors, facets; published events only."""
    word = unique("Zither").replace("-", "")
    venue = new_venue(city="Salzburg")
    found = new_event(name=f"{word} Evening", event_type="concert", tags=["folk"], venue_id=venue["venue_id"])
    other = new_event(name=f"{word} Matinee", event_type="lecture")
    hidden = new_event(name=f"{word} Rehearsal", status="draft")
    page = expect(anonymous.get("/api/v1/search", q=word[:12]), 200)
    ids = [event["event_id"] for event in page["events"]]
    assert sorted(ids) == sorted([found["event_id"], other["event_id"]]) and hidden["event_id"] not in ids
    assert (page["total"], page["fuzzy"], page["has_more"]) == (2, False, False)
    assert {facet["value"]: facet["count"] for facet in page["facets"]["types"]} == {"concert": 1, "lecture": 1}
    assert [event["event_id"] for event in expect(anonymous.get("/api/v1/search", q=word, city="SALZBURG"), 200)["events"]] == ids_of(found)
    assert expect(anonymous.get("/api/v1/search", q=word, tags="folk"), 200)["total"] == 1
    assert expect(anonymous.get("/api/v1/search", q=f"{word} evning"), 200)["fuzzy"] is True
    assert_error(anonymous.get("/api/v1/search"), 400, "VALIDATION_ERROR", "q")


def ids_of(*events):
    return [event["event_id"] for event in events]


def test_bookings_for_administrators(admin, own_events_admin, user, other_user, event):
    """S4-BOOK-6: all, by event, by person and by status; H02: bookings:read or an event of one's own."""
    mine, theirs = user.book(event, quantity=1), other_user.book(event, quantity=2)
    expect(other_user.delete(f"/api/v1/bookings/{theirs['booking_id']}"), 200)
    of_event = f"/api/v1/admin/events/{event['event_id']}/bookings"
    page = expect(admin.get(of_event), 200)
    assert [booking["booking_id"] for booking in page["bookings"]] == [theirs["booking_id"], mine["booking_id"]]
    assert expect(admin.get(of_event, status="confirmed"), 200)["bookings"] == [mine]
    assert expect(admin.get("/api/v1/admin/bookings", user_id=user.user_id), 200)["bookings"] == [mine]
    assert expect(admin.get("/api/v1/admin/bookings", event_id=event["event_id"], limit=1), 200)["has_more"] is True
    assert expect(admin.get(f"/api/v1/admin/bookings/{mine['booking_id']}"), 200) == mine
    for path in (of_event, "/api/v1/admin/bookings", f"/api/v1/admin/bookings/{mine['booking_id']}"):
        assert_error(own_events_admin.get(path), 403, "FORBIDDEN")
