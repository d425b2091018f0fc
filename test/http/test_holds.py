"""Holds: seats or tickets put aside, looked at, kept for longer, given back, run out."""

import random
from decimal import Decimal
from uuid import uuid4

import pytest

from client import RFC3339_UTC, assert_error, expect, in_parallel
from conftest import in_days

HOLD_FIELDS = {
    "hold_id", "event_id", "user_id", "seat_ids", "quantity", "total_price", "currency", "status", "expires_at", "ttl_seconds",
}  # fmt: skip


def place(client, event, **what):
    return client.post("/api/v1/seats/hold", {"event_id": event["event_id"], **what})


def path_of(hold):
    return f"/api/v1/seats/hold/{hold['hold_id']}"


def test_hold_by_seats(user, seated_event):
    """S3-HOLD-1, S3-HOLD-4: the user comes from the token; 600 s."""
    hold = user.hold(seated_event, seat_ids=["A-2", "A-1"])
    assert HOLD_FIELDS <= set(hold)
    assert (hold["event_id"], hold["user_id"]) == (seated_event["event_id"], user.user_id)
    assert (sorted(hold["seat_ids"]), hold["quantity"], hold["status"]) == (["A-1", "A-2"], 2, "active")
    assert (hold["total_price"], hold["currency"]) == (Decimal("100.00"), "USD")
    assert 590 <= hold["ttl_seconds"] <= 600
    assert RFC3339_UTC.fullmatch(hold["expires_at"])
    assert user.available(seated_event) == 18


def test_hold_by_quantity(user, event):
    hold = user.hold(event, quantity=4)
    assert (hold["quantity"], hold["seat_ids"], hold["total_price"]) == (4, [], Decimal("100.00"))
    assert user.available(event) == 96


def test_hold_by_the_seats_uuid(user, seated_event):
    """api.md, seat: `seat_ids` on input takes the label or the UUID."""
    seats = expect(user.get(f"/api/v1/events/{seated_event['event_id']}/seats"), 200)["seats"]
    hold = user.hold(seated_event, seat_ids=[seats[0]["id"], "A-5"])
    assert hold["seat_ids"] == ["A-1", "A-5"]


def test_get_and_validate(user, event):
    """S3-HOLD-3."""
    hold = user.hold(event, quantity=1)
    read = expect(user.get(path_of(hold)), 200)
    assert HOLD_FIELDS <= set(read)
    assert {**read, "ttl_seconds": 0} == {**hold, "ttl_seconds": 0}
    validity = expect(user.get(path_of(hold) + "/validate"), 200)
    assert (validity["valid"], validity["reason"]) == (True, None)
    assert validity["hold"]["hold_id"] == hold["hold_id"]
    assert 0 < validity["ttl_seconds"] <= 600


def test_extend(user, event, sql):
    """A hold is kept for longer, but 1,800 s at most."""
    hold = user.hold(event, quantity=1)
    # Two minutes old: there is something to extend.
    sql(
        "UPDATE evently.hold SET created_at = created_at - interval '2 min', expires_at = expires_at - interval '2 min'"
        " WHERE hold_id = %s",
        hold["hold_id"],
    )
    extended = expect(user.post(path_of(hold) + "/extend"), 200)
    assert extended["expires_at"] > hold["expires_at"]
    assert 590 <= extended["ttl_seconds"] <= 600
    # 25 minutes old: five are left of the thirty.
    sql(
        "UPDATE evently.hold SET created_at = now() - interval '25 min', expires_at = now() + interval '1 min'"
        " WHERE hold_id = %s",
        hold["hold_id"],
    )
    last = expect(user.post(path_of(hold) + "/extend"), 200)
    assert 290 <= last["ttl_seconds"] <= 300
    assert_error(user.post(path_of(hold) + "/extend"), 409, "HOLD_LIMIT")


def test_extend_moves_the_seats_too(user, other_user, seated_event, sql):
    """concurrency.md rule 6: a seat's own end moves with its hold's."""
    hold = user.hold(seated_event, seat_ids=["A-1", "A-2"])
    extended = expect(user.post(path_of(hold) + "/extend"), 200)
    ends = sql("SELECT DISTINCT held_until FROM evently.event_seat WHERE hold_id = %s", hold["hold_id"])
    assert [end.strftime("%Y-%m-%dT%H:%M:%S") for (end,) in ends] == [extended["expires_at"][:19]]
    assert_error(place(other_user, seated_event, seat_ids=["A-1"]), 409, "SEATS_UNAVAILABLE")


def test_release(user, other_user, seated_event):
    """S3-HOLD-2: seats are free at once; a repeat gives the same answer (H13)."""
    hold = user.hold(seated_event, seat_ids=["A-1"])
    released = expect(user.delete(path_of(hold)), 200)
    assert (released["hold_id"], released["status"], released["ttl_seconds"]) == (hold["hold_id"], "released", 0)
    assert user.available(seated_event) == 20
    assert expect(user.delete(path_of(hold)), 200) == released
    assert expect(user.get(path_of(hold) + "/validate"), 200)["reason"] == "released"
    assert_error(user.post("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"]}), 409, "HOLD_NOT_ACTIVE")
    assert_error(user.post(path_of(hold) + "/extend"), 409, "HOLD_NOT_ACTIVE")
    other_user.hold(seated_event, seat_ids=["A-1"])
    assert expect(user.delete(path_of(hold)), 200) == released
    assert other_user.seat_statuses(seated_event)["A-1"] == "held"


def test_confirmed_hold_is_not_released(user, event):
    hold = user.hold(event, quantity=1)
    user.confirm(hold)
    assert_error(user.delete(path_of(hold)), 409, "HOLD_NOT_ACTIVE")
    assert expect(user.get(path_of(hold) + "/validate"), 200)["reason"] == "confirmed"
    assert user.available(event) == 99


@pytest.mark.parametrize("kind", ["seats", "quantity"])
def test_expired_hold(user, other_user, seated_event, event, expire, kind):
    """H13: from its end on a hold is over, everywhere, with nobody tidying up."""
    what, where = ({"seat_ids": ["A-1", "A-2"]}, seated_event) if kind == "seats" else ({"quantity": 20}, event)
    before = user.available(where)
    hold = user.hold(where, **what)
    expire(hold)

    assert expect(user.get(path_of(hold)), 200)["status"] == "expired"
    validity = expect(user.get(path_of(hold) + "/validate"), 200)
    assert (validity["valid"], validity["reason"], validity["ttl_seconds"]) == (False, "expired", 0)
    assert user.available(where) == before
    assert_error(user.post("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"]}), 410, "HOLD_EXPIRED")
    assert_error(user.post(path_of(hold) + "/extend"), 410, "HOLD_EXPIRED")

    taken = other_user.hold(where, **what)
    assert other_user.available(where) == before - taken["quantity"]
    assert_error(user.post("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"]}), 410, "HOLD_EXPIRED")
    assert expect(user.delete(path_of(hold)), 200)["status"] == "expired"
    other_user.confirm(taken)


def test_expired_holds_are_given_back_to_who_is_short(user, other_user, new_event, expire):
    """An event whose last tickets stand in expired holds is not sold out."""
    event = new_event(total_capacity=10)
    expire(user.hold(event, quantity=6), user.hold(event, quantity=4))
    assert user.available(event) == 10
    assert other_user.book(event, quantity=10)["quantity"] == 10
    assert_error(place(user, event, quantity=1), 409, "INSUFFICIENT_SEATS")


def test_hold_where_there_is_nothing_to_hold(user, admin, event, seated_event, new_seated_event, new_event):
    """H03: unknown event 404, cancelled 409, past 409, seats of another event 400; nothing is held."""
    assert_error(place(user, {"event_id": str(uuid4())}, quantity=1), 404, "EVENT_NOT_FOUND")

    cancelled = new_event()
    expect(admin.delete(f"/api/v1/admin/events/{cancelled['event_id']}"), 200)
    assert place(user, cancelled, quantity=1).status in (404, 409)

    past = new_event(start_datetime=in_days(-2), end_datetime=in_days(-1))
    answer = place(user, past, quantity=1)
    assert (answer.status, answer.code) in [(409, "SALE_ENDED"), (409, "EVENT_NOT_BOOKABLE")]

    elsewhere = new_seated_event()
    seats = expect(user.get(f"/api/v1/events/{elsewhere['event_id']}/seats"), 200)["seats"]
    answer = place(user, seated_event, seat_ids=["A-1", seats[4]["id"]])
    assert_error(answer, 400, "VALIDATION_ERROR", "seat_ids")
    assert set(user.seat_statuses(seated_event).values()) == {"available"}
    assert set(user.seat_statuses(elsewhere).values()) == {"available"}
    assert_error(place(user, event, seat_ids=["A-1"]), 409, "SEAT_MAP_MISSING")


@pytest.mark.parametrize(
    "window, code",
    [
        ({"sale_start_time": in_days(1)}, "SALE_NOT_STARTED"),
        ({"sale_start_time": in_days(-2), "sale_end_time": in_days(-1)}, "SALE_ENDED"),
        ({"status": "draft"}, None),
    ],
)
def test_hold_outside_of_the_sale(user, new_event, window, code):
    """H29: each its own code; a draft may just as well not be there."""
    event = new_event(**window)
    answers = [place(user, event, quantity=1), user.post(f"/api/v1/events/{event['event_id']}/book", {"quantity": 1})]
    for answer in answers:
        if code is None:
            assert (answer.status, answer.code) in [(404, "EVENT_NOT_FOUND"), (409, "EVENT_NOT_BOOKABLE")]
        else:
            assert_error(answer, 409, code)


def test_inactive_event_sells_nothing(user, admin, event):
    """api.md, deactivate: not bookable, hidden; PUT status brings it back."""
    path = f"/api/v1/admin/events/{event['event_id']}"
    assert expect(admin.post(f"{path}/deactivate"), 200)["status"] == "inactive"
    assert place(user, event, quantity=1).status in (404, 409)
    assert expect(admin.put(f"{path}/status", {"status": "Published"}), 200)["status"] == "published"
    user.hold(event, quantity=1)


def test_one_unknown_seat_spoils_all(user, seated_event):
    """H04: 404 that names it, and nothing is held."""
    answer = place(user, seated_event, seat_ids=["A-1", "Q-99", "A-2"])
    assert assert_error(answer, 404, "SEAT_NOT_FOUND")["details"]["seat_ids"] == ["Q-99"]
    unknown = str(uuid4())
    answer = place(user, seated_event, seat_ids=[unknown])
    assert assert_error(answer, 404, "SEAT_NOT_FOUND")["details"]["seat_ids"] == [unknown]
    assert set(user.seat_statuses(seated_event).values()) == {"available"}
    assert user.available(seated_event) == 20


def test_one_taken_seat_spoils_all(user, other_user, seated_event):
    """H04: all or nothing; the refusal names the seats, and not who has them."""
    hold = user.hold(seated_event, seat_ids=["A-3"])
    user.book(seated_event, seat_ids=["A-4"])
    answer = place(other_user, seated_event, seat_ids=["A-1", "A-3", "A-4"])
    assert sorted(assert_error(answer, 409, "SEATS_UNAVAILABLE")["details"]["seat_ids"]) == ["A-3", "A-4"]
    assert user.user_id not in answer.body.decode() and hold["hold_id"] not in answer.body.decode()
    assert other_user.seat_statuses(seated_event)["A-1"] == "available"


def test_price_is_of_this_events_section(user, new_venue, new_event):
    """H05: one venue, two events, three sections; each seat costs what its own event says."""
    venue = new_venue(
        sections=[
            {"name": "Front", "kind": "reserved", "rows": 1, "seats_per_row": 2, "price_multiplier": 2},
            {"name": "Back", "kind": "reserved", "rows": 1, "seats_per_row": 2, "row_start": "B"},
            {"name": "Standing", "kind": "general", "capacity": 10, "price_multiplier": "0.5"},
        ]
    )
    cheap = new_event(venue_id=venue["venue_id"], total_capacity=None, base_price="10.10")
    dear = new_event(venue_id=venue["venue_id"], total_capacity=None, base_price=1000)
    sections = expect(user.get(f"/api/v1/events/{cheap['event_id']}/sections"), 200)["sections"]
    standing = next(section for section in sections if section["section"] == "Standing")
    assert user.hold(cheap, seat_ids=["A-1", "B-1"])["total_price"] == Decimal("30.30")
    assert user.hold(dear, seat_ids=["A-1", "B-1"])["total_price"] == Decimal("3000.00")
    assert user.hold(cheap, quantity=3, section_id=standing["section_id"])["total_price"] == Decimal("15.15")


def test_two_events_of_one_layout(user, other_user, new_venue, new_event):
    """H06: holding A-1 in one leaves A-1 of the other free, also by the layout's UUID."""
    venue = new_venue(sections=[{"name": "Hall", "kind": "reserved", "rows": 1, "seats_per_row": 3}])
    first, second = (new_event(venue_id=venue["venue_id"], total_capacity=None) for _ in range(2))
    user.hold(first, seat_ids=["A-1"])
    assert other_user.seat_statuses(second)["A-1"] == "available"
    seats = expect(user.get(f"/api/v1/events/{second['event_id']}/seats"), 200)["seats"]
    assert other_user.hold(second, seat_ids=[seats[0]["id"]])["seat_ids"] == ["A-1"]


@pytest.mark.parametrize("route", ["/api/v1/seats/hold", "/api/v1/events/{event_id}/book"])
def test_same_seat_twice(user, seated_event, route):
    """H18: by the same name, by label and UUID: 400, never counted twice."""
    seats = expect(user.get(f"/api/v1/events/{seated_event['event_id']}/seats"), 200)["seats"]
    for twice in (["A-1", "A-1"], ["A-1", seats[0]["id"]], [seats[0]["id"], seats[0]["id"].upper()]):
        body = {"event_id": seated_event["event_id"], "seat_ids": twice}
        assert_error(user.post(route.format(**seated_event), body), 400, "VALIDATION_ERROR", "seat_ids")
    assert user.available(seated_event) == 20


@pytest.mark.parametrize(
    "what, field",
    [
        ({}, None),
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": "2"}, "quantity"),
        ({"quantity": 2**31}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"quantity": [1]}, "quantity"),
        ({"seat_ids": []}, "seat_ids"),
        ({"seat_ids": [""]}, None),
        ({"seat_ids": "A-1"}, "seat_ids"),
        ({"seat_ids": [1]}, "seat_ids"),
        ({"seat_ids": [None]}, "seat_ids"),
        ({"seat_ids": [["A-1"]]}, "seat_ids"),
        ({"seat_ids": {"0": "A-1"}}, "seat_ids"),
        ({"seat_ids": ["A-1"], "quantity": 2}, "quantity"),
        ({"quantity": 1, "section_id": "x"}, "section_id"),
    ],
)
def test_bad_requests(user, seated_event, what, field):
    answer = place(user, seated_event, **what)
    assert answer.status in (400, 404) if what == {"seat_ids": [""]} else answer.status == 400, answer
    if field is not None:
        assert answer.json["error"]["details"]["field"] == field
    assert user.available(seated_event) == 20


def test_limits(user, other_user, new_event):
    """H12: tickets per booking and live holds per user and event, counted across parallel requests."""
    event = new_event(max_tickets_per_booking=3)
    assert_error(place(user, event, quantity=4), 409, "LIMIT_EXCEEDED")
    answers = in_parallel([lambda: place(user, event, quantity=1)] * 24)
    assert sorted(answer.status for answer in answers) == [201] * 10 + [409] * 14
    assert {answer.code for answer in answers if answer.status == 409} == {"HOLD_LIMIT"}
    assert user.available(event) == 90
    expect(user.delete(path_of(next(answer.json for answer in answers if answer.status == 201))), 200)
    user.hold(event, quantity=1)
    other_user.hold(event, quantity=3)


def test_section_of_another_event(user, event, seated_event):
    section = expect(user.get(f"/api/v1/events/{event['event_id']}/sections"), 200)["sections"][0]
    assert_error(place(user, seated_event, quantity=1, section_id=section["section_id"]), 404, "SECTION_NOT_FOUND")


def test_hold_with_another_events_id(user, event, seated_event):
    """The event in the address or body has to be the hold's own."""
    hold = user.hold(event, quantity=1)
    other = seated_event["event_id"]
    assert_error(user.get(path_of(hold), event_id=other), 404, "HOLD_NOT_FOUND")
    assert_error(user.post("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"], "event_id": other}), 404, "HOLD_NOT_FOUND")
    expect(user.get(path_of(hold), event_id=event["event_id"]), 200)


def test_idempotent_hold(user, other_user, event, seated_event):
    """A repeat with the key gives the first answer; the same key of another user or event is another one (H23)."""
    body = {"event_id": event["event_id"], "quantity": 2}
    first = user.post("/api/v1/seats/hold", body, idempotency_key="k")
    again = user.post("/api/v1/seats/hold", body, idempotency_key="k")
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert "idempotent-replay" not in first.headers and again.headers["idempotent-replay"] == "true"
    assert other_user.post("/api/v1/seats/hold", body, idempotency_key="k").json["hold_id"] != first.json["hold_id"]
    assert user.available(event) == 96
    elsewhere = user.post("/api/v1/seats/hold", {"event_id": seated_event["event_id"], "quantity": 1}, idempotency_key="k")
    assert elsewhere.status == 201
    assert_error(user.post("/api/v1/seats/hold", {**body, "quantity": 3}, idempotency_key="k"), 422, "IDEMPOTENCY_KEY_REUSED")


def test_same_two_seats_in_opposite_order(crowd, seated_event):
    """H15: 8 clients, 200 rounds each; no deadlock reaches a client, and somebody always gets through."""

    def fight(client, seed):
        order = random.Random(seed)
        won = 0
        for _ in range(200):
            seats = ["A-1", "A-2"] if order.random() < 0.5 else ["A-2", "A-1"]
            answer = place(client, seated_event, seat_ids=seats)
            assert answer.status in (201, 409), answer
            if answer.status == 201:
                won += 1
                expect(client.delete(path_of(answer.json)), 200)
            else:
                assert answer.code == "SEATS_UNAVAILABLE"
        return won

    won = in_parallel(lambda client=client, i=i: fight(client, i) for i, client in enumerate(crowd[:8]))
    assert sum(won) > 0
    assert crowd[0].available(seated_event) == 20
