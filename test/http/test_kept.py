"""Answers that are kept: told again while nothing has changed, and never when they are not true any more."""

import gzip
import itertools
import json
import threading
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest

from client import Client, assert_error, expect, in_parallel, spellings, unique
from instance import wait_until
from test_metrics import value


@pytest.fixture
def server(serve):
    """One worker: what it keeps, the next request finds."""
    return serve(EVENTLY_WORKERS="1")


def kept(server):
    return value(server.client, "evently_db_answers_kept_total")


def asked_until_kept(server, path, **headers):
    """The answer to a request that needed no other one. What else the server does, as tidying up, makes it need one."""

    def ask():
        before = kept(server)
        answer = server.client.request("GET", path, headers=headers)
        return kept(server) > before and answer

    return wait_until(ask, f"{path} is kept")


def in_seconds(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()


def test_what_has_not_changed_is_told_again(server, event):
    """Each in the form that it accepts."""
    one = f"/api/v1/events/{event['event_id']}"
    for path in (one, f"/api/v1/events?q={event['name']}", f"/api/v1/search?q={quote(event['name'])}", f"{one}/seats?format=compact", f"{one}/venue/layout"):
        first = server.client.get(path)
        again = asked_until_kept(server, path)
        assert (again.status, again.body, again.headers["etag"]) == (200, first.body, first.headers["etag"])
        assert event["event_id"] in again.body.decode()
        headers = {"If-None-Match": first.headers["etag"]}
        assert asked_until_kept(server, path, **headers).status == 304
    packed = asked_until_kept(server, "/api/v1/events", **{"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body)) == server.client.get("/api/v1/events").json


@pytest.mark.parametrize("path", ["/api/v1/events/{spelt}/seats", "/api/v1/events/{spelt}/venue/layout", "/api/v1/events/{id}/seats?format={spelt}"])
def test_what_is_spelt_otherwise_is_the_same(server, seated_event, path):
    """Each spelling is tried once, so that none can be kept for itself: not of an id, nor of a word."""
    event_id = seated_event["event_id"]
    plain = "compact" if "format" in path else event_id
    others, first = spellings(plain), server.client.get(path.format(id=event_id, spelt=plain))

    def ask():
        told = kept(server)
        assert server.client.get(path.format(id=event_id, spelt=next(others))).body == first.body
        return kept(server) > told

    wait_until(ask, "another spelling is answered with what is kept")


def test_what_differs_is_asked_anew(server, new_event):
    name = unique("Twin")
    for capacity in (7, 8, 9):
        new_event(name=name, total_capacity=capacity)
    page = lambda number: expect(server.client.get(f"/api/v1/events?q={name}&limit=1&page={number}"), 200)
    assert [page(n)["events"][0]["total_capacity"] for n in (1, 2, 3, 2, 1)] == [7, 8, 9, 8, 7]


def test_every_change_is_seen_at_once(server, admin, new_event, new_venue, user):
    """Of the event, its venue, what is left of it, and which events there are."""
    venue = new_venue(name=unique("Old hall"))
    event = new_event(name=unique("Changing"), venue_id=venue["venue_id"])
    one, many = f"/api/v1/events/{event['event_id']}", f"/api/v1/events?q={event['name']}"
    shown = lambda: (expect(server.client.get(one), 200), expect(server.client.get(many), 200))
    asked_until_kept(server, one)
    user.book(event, quantity=3)
    assert [e["available_seats"] for e in (shown()[0], shown()[1]["events"][0])] == [97, 97]
    asked_until_kept(server, many)
    expect(admin.put(f"/api/v1/admin/venues/{venue['venue_id']}", {"name": "New hall"}), 200)
    assert [e["venue"]["name"] for e in (shown()[0], shown()[1]["events"][0])] == ["New hall", "New hall"]
    asked_until_kept(server, many)
    new_event(name=event["name"])
    assert shown()[1]["total"] == 2
    asked_until_kept(server, one)
    expect(admin.delete(f"/api/v1/admin/events/{event['event_id']}"), 200)
    assert server.client.get(one).status == 404
    assert expect(server.client.get(many), 200)["total"] == 1


def compact_map(event):
    return f"/api/v1/events/{event['event_id']}/seats?format=compact"


def states(server, event):
    """A letter for each of its seats, as its map tells them."""
    (section,) = expect(server.client.get(compact_map(event)), 200)["sections"]
    return "".join(run["states"] for run in section["rows"])


def test_every_change_of_a_seat_is_seen_at_once(server, seated_event, user):
    asked_until_kept(server, compact_map(seated_event))
    hold = user.hold(seated_event, seat_ids=["A-1"])
    assert states(server, seated_event) == "h" + 19 * "a"
    asked_until_kept(server, compact_map(seated_event))
    user.confirm(hold)
    assert states(server, seated_event) == "s" + 19 * "a"


def test_every_change_of_a_layout_is_seen_at_once(server, admin, new_venue, new_event):
    """Of how its venue is drawn, and of who may see it."""
    venue = new_venue(sections=[{"name": "Stalls", "kind": "reserved", "rows": 2, "seats_per_row": 3}], layout_config={"stage": "left"})
    event = new_event(venue_id=venue["venue_id"], total_capacity=None)
    path = f"/api/v1/events/{event['event_id']}/venue/layout"
    assert expect(asked_until_kept(server, path), 200)["layout_config"] == {"stage": "left"}
    expect(admin.put(f"/api/v1/admin/venues/{venue['venue_id']}", {"layout_config": {"stage": "right"}}), 200)
    assert expect(server.client.get(path), 200)["layout_config"] == {"stage": "right"}
    asked_until_kept(server, path)
    expect(admin.post(f"/api/v1/admin/events/{event['event_id']}/deactivate"), 200)
    assert_error(server.client.get(path), 404, "EVENT_NOT_FOUND")


def test_the_clock_ends_what_is_kept(server, new_event):
    """A sale opens at its time, though nobody has written anything."""
    event = new_event(name=unique("Soon"), sale_start_time=in_seconds(1.5))
    path = f"/api/v1/events?q={event['name']}"
    status = lambda: expect(server.client.get(path), 200)["events"][0]["sale_status"]
    assert status() == "upcoming"
    wait_until(lambda: status() == "on_sale", "the sale is open")


def test_a_hold_that_is_over_is_free_at_once(server, new_event, sql):
    event = new_event(name=unique("Held"))
    path = f"/api/v1/events/{event['event_id']}"
    sql("SET LOCAL evently.hold_ttl = 2; SELECT FROM evently.hold_tickets(%s, gen_random_uuid(), 4)", event["event_id"])
    left = lambda: expect(server.client.get(path), 200)["available_seats"]
    assert left() == 96
    wait_until(lambda: left() == 100, "its places are free")


def test_a_seat_whose_hold_is_over_is_free_at_once(server, seated_event, sql):
    sql("SET LOCAL evently.hold_ttl = 2; SELECT FROM evently.hold_seats(%s, gen_random_uuid(), ARRAY['A-1'])", seated_event["event_id"])
    assert states(server, seated_event) == "h" + 19 * "a"
    # Not only because somebody tidies up, which changes something.
    stands_until = "SELECT split_part(evently.answer_mark(), '.', 5) FROM evently.get_seat_map_page(%s)"
    hold_over = "SELECT (extract(epoch FROM expires_at - '2000-01-01Z'::timestamptz) * 1000000)::bigint::text FROM evently.hold WHERE event_id = %s"
    assert sql(stands_until, seated_event["event_id"]) == sql(hold_over, seated_event["event_id"])
    wait_until(lambda: states(server, seated_event) == 20 * "a", "the seat is free")


def test_another_connection_knows_nothing_of_it(server, event, sql):
    """What the database counts begins anew with a server; a mark is of the connection that gave it."""
    path = f"/api/v1/events/{event['event_id']}"
    asked_until_kept(server, path)
    before = kept(server)
    sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'evently_shim'")
    assert expect(server.client.get(path), 200)["event_id"] == event["event_id"]
    assert kept(server) == before
    asked_until_kept(server, path)


def test_no_more_is_kept_than_there_is_room_for(serve, new_event):
    """What was not asked for the longest goes first; with no room at all nothing is kept."""
    server = serve(EVENTLY_WORKERS="1", EVENTLY_KEEP_ANSWERS="1")
    name = unique("Long")
    in_parallel([lambda: new_event(name=name, description="x" * 4000)] * 20, threads=4)
    orders = itertools.product(("start_datetime", "name", "price", "created_at"), ("asc", "desc"), (20, 19))
    pages = [f"/api/v1/events?q={name}&sort={sort}&order={order}&limit={limit}" for sort, order, limit in orders]
    asked_until_kept(server, pages[0])
    for page in pages[1:]:
        assert len(server.client.get(page).body) > 1024 * 1024 / len(pages)
    before = kept(server)
    assert server.client.get(pages[0]).status == 200
    assert kept(server) == before
    without = serve(EVENTLY_WORKERS="1", EVENTLY_KEEP_ANSWERS="0")
    for _ in range(3):
        assert without.client.get(pages[0]).status == 200
    assert kept(without) == 0


def test_nobody_is_told_anything_old(url, new_user, new_event):
    """Who has booked sees that in his next read of what others read all the time."""
    event, buyer, over = new_event(name=unique("Hot")), new_user(), threading.Event()
    paths = [f"/api/v1/events/{event['event_id']}", f"/api/v1/events?q={event['name']}"]

    def left(client, path):
        shown = expect(client.get(path), 200)
        return shown.get("events", [shown])[0]["available_seats"]

    def watch(path):
        client, seen = Client(url), [100]
        while not over.is_set():
            seen.append(left(client, path))
        assert seen == sorted(seen, reverse=True)

    def buy():
        try:
            for still in range(99, 69, -1):
                buyer.book(event, quantity=1)
                assert [left(Client(url), path) for path in paths * 2] == [still] * 4
        finally:
            over.set()

    in_parallel([buy, *[lambda path=path: watch(path) for path in paths * 4]])
