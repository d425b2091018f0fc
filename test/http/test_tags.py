"""Tags: what the slugs that events carry stand for, and their figures."""

from uuid import uuid4

import pytest

from client import assert_error, expect, unique

TAGS = "/api/v1/admin/tags"


def test_life_of_a_tag(admin, anonymous):
    """Made, found by its slug, changed, hidden, deleted; buyers see what is active."""
    name = f"Late  Night {unique('x')}"
    tag = expect(admin.post(TAGS, {"name": name, "description": "After ten"}), 201)
    assert tag["slug"] == name.lower().replace("  ", "-").replace(" ", "-")
    assert (tag["is_active"], tag["version"]) == (True, 1)
    path, by_slug = f"{TAGS}/{tag['tag_id']}", f"/api/v1/tags/slug/{tag['slug']}"
    assert expect(admin.get(path), 200) == expect(anonymous.get(by_slug), 200) == tag

    changed = expect(admin.put(path, {"name": "Late", "version": 1}), 200)
    assert (changed["name"], changed["slug"], changed["version"]) == ("Late", tag["slug"], 2)
    assert_error(admin.put(path, {"name": "Later", "version": 1}), 409, "CONCURRENT_UPDATE")
    expect(admin.put(path, {"is_active": False}), 200)
    assert_error(anonymous.get(by_slug), 404, "TAG_NOT_FOUND")
    assert expect(admin.get(path), 200)["is_active"] is False

    assert expect(admin.delete(path), 200)["slug"] == tag["slug"]
    assert_error(admin.get(path), 404, "TAG_NOT_FOUND")
    assert_error(admin.delete(path), 404, "TAG_NOT_FOUND")


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "x", "description": "x" * 2001}, "description"),
        ({"name": "x", "slug": "No Slug"}, "slug"),
        ({"name": "!"}, "slug"),
        ({"name": "x", "is_active": "yes"}, "is_active"),
    ],
)
def test_what_is_no_tag(admin, body, field):
    assert_error(admin.post(TAGS, body), 400, "VALIDATION_ERROR", field)


def test_a_slug_is_one_tags(admin, new_tag):
    slug = new_tag()["slug"]
    error = assert_error(admin.post(TAGS, {"name": "Another", "slug": slug}), 409, "TAG_EXISTS")
    assert error["details"]["slug"] == slug
    assert_error(admin.get(f"{TAGS}/{uuid4()}"), 404, "TAG_NOT_FOUND")


def test_pages_of_tags(admin, anonymous, new_tag):
    """H72 for tags: walking all pages shows each once; buyers' pages have the active ones only."""
    made = [new_tag(), new_tag(is_active=False), new_tag()]

    def walk(client, path):
        number, slugs = 1, []
        while True:
            page = expect(client.get(path, page=number, limit=2), 200)
            slugs += [tag["slug"] for tag in page["tags"]]
            if not page["has_more"]:
                assert len(slugs) == len(set(slugs)) == page["total"]
                return slugs
            number += 1

    assert {tag["slug"] for tag in made} <= set(walk(admin, TAGS))
    shown = walk(anonymous, "/api/v1/tags/active")
    assert [tag["slug"] in shown for tag in made] == [True, False, True]
    assert shown == sorted(shown)


def test_figures_by_tag(admin, own_events_admin, user):
    """Events count for each of their tags; an administrator with events:own has the figures of his own."""
    loud, quiet = unique("loud"), unique("quiet")

    def event(tags):
        body = {"name": unique("Mine"), "start_datetime": "2035-01-01T19:00:00Z", "total_capacity": 10, "base_price": 5}
        return expect(own_events_admin.post("/api/v1/admin/events", {**body, "tags": tags}), 201)

    user.book(event([loud]), quantity=3)
    returned = user.book(event([loud, quiet]), quantity=1)
    expect(user.delete(f"/api/v1/bookings/{returned['booking_id']}"), 200)

    for path in ("tags", "tags/popularity"):
        figures = expect(own_events_admin.get(f"/api/v1/analytics/admin/{path}"), 200)["tags"]
        assert [(tag["tag"], tag["events"], tag["tickets_sold"]) for tag in figures] == [(loud, 2, 3), (quiet, 1, 0)]
    assert len(expect(own_events_admin.get("/api/v1/analytics/admin/tags/popularity", limit=1), 200)["tags"]) == 1
    compared = expect(admin.get("/api/v1/analytics/admin/tags/comparisons", tags=f"{quiet},{loud},none"), 200)["tags"]
    assert [tag["tag"] for tag in compared] == [loud, quiet]
    assert_error(admin.get("/api/v1/analytics/admin/tags/comparisons"), 400, "VALIDATION_ERROR", "tags")
    trends = expect(own_events_admin.get("/api/v1/analytics/admin/tags/trends", days=1), 200)["tags"]
    assert [(trend["tag"], trend["days"][0]["tickets_booked"], trend["days"][0]["tickets_cancelled"]) for trend in trends] == [
        (loud, 4, 1),
        (quiet, 1, 1),
    ]
    assert_error(admin.get("/api/v1/analytics/admin/tags/trends", days=0), 400, "VALIDATION_ERROR", "days")
