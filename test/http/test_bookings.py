"""Bookings: confirmed from a hold or made directly, repeated under a key, listed, cancelled."""

import re
from decimal import Decimal
from uuid import uuid4

import pytest

from client import assert_error, expect, in_parallel, unique
from conftest import in_days

BOOKING_FIELDS = {
    "booking_id", "booking_ref", "event_id", "user_id", "quantity", "seat_ids", "tickets", "total_price", "currency",
    "status", "created_at", "version",
}  # fmt: skip
CANCELLATION_FIELDS = {
    "cancellation_id", "booking_id", "status", "fee", "refund_amount", "currency", "reason", "requested_at",
}  # fmt: skip


def book(client, event, key=None, **what):
    headers = {} if key is None else {"idempotency_key": key}
    return client.post(f"/api/v1/events/{event['event_id']}/book", what, **headers)


def confirm(client, hold, **more):
    return client.post("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"], **more})


def path_of(booking):
    return f"/api/v1/bookings/{booking['booking_id']}"


def test_booking_of_seats(user, seated_event):
    """S3-BOOK-2, S4-BOOK-7, api.md, booking; one ticket per seat, each with its own id and price."""
    booking = user.confirm(user.hold(seated_event, seat_ids=["A-1", "B-10"]))
    assert BOOKING_FIELDS <= set(booking)
    assert (booking["quantity"], booking["seat_ids"], booking["status"]) == (2, ["A-1", "B-10"], "confirmed")
    assert booking["total_price"] == Decimal("100.00")
    assert [ticket["seat_id"] for ticket in booking["tickets"]] == ["A-1", "B-10"]
    assert [ticket["price"] for ticket in booking["tickets"]] == [Decimal("50.00")] * 2
    assert len({ticket["ticket_id"] for ticket in booking["tickets"]}) == 2
    assert re.fullmatch(r"[0-9A-Z-]{6,20}", booking["booking_ref"])


def test_money_is_exact(user, new_event):
    """S2-EVP: money is a number in the currency's decimals, as text exact: 33.33, JPY without, KWD with three."""
    for currency, price, total in [("USD", "33.33", b"99.99"), ("JPY", 500, b"1500"), ("KWD", "1.005", b"3.015")]:
        event = new_event(currency=currency.lower(), base_price=price)
        answer = book(user, event, quantity=3)
        assert answer.status == 201
        assert b'"total_price":' + total + b"," in answer.body
        cancelled = user.post(path_of(answer.json) + "/cancel")
        assert b'"refund_amount":' + total + b"," in cancelled.body


@pytest.mark.parametrize("kind", ["seats", "quantity"])
def test_parallel_confirms(user, seated_event, event, kind):
    """H09: 20 at once: one booking, the same answer to all."""
    where, what = (seated_event, {"seat_ids": ["A-1", "A-2"]}) if kind == "seats" else (event, {"quantity": 20})
    before = user.available(where)
    hold = user.hold(where, **what)
    answers = in_parallel([lambda: confirm(user, hold)] * 20)
    assert {answer.status for answer in answers} == {201}, answers
    assert len({answer.body for answer in answers}) == 1
    assert expect(user.get("/api/v1/users/bookings"), 200)["total"] == 1
    assert user.available(where) == before - hold["quantity"]


def test_tickets_keep_their_order(user, event):
    """What a booking says of itself is the same later on."""
    booking = user.book(event, quantity=20)
    assert expect(user.get(path_of(booking)), 200) == booking
    assert expect(user.get("/api/v1/users/bookings"), 200)["bookings"] == [booking]


def test_confirm_with_the_other_fields_of_the_seeds(user, event):
    """api.md, confirm: event_id and user_id are checked when given; payment_method alone is the mock provider's."""
    hold = user.hold(event, quantity=1)
    assert_error(confirm(user, hold, user_id=str(uuid4())), 403, "FORBIDDEN")
    booking = expect(confirm(user, hold, event_id=event["event_id"], user_id=user.user_id, payment_method="credit_card"), 201)
    assert booking["quantity"] == 1
    assert booking["payment"]["status"] == "paid" and booking["payment"]["method"] == "credit_card"


def test_numbers_of_a_payment(user, event):
    """What PostgreSQL's numeric does not take, or only as thousands of digits, is refused before anybody is asked; what it takes is kept."""
    path = f"/api/v1/events/{event['event_id']}/book"
    for amount in ("1e999999", "-1e-999999", "1e99999", "9" * 65):
        body = '{"quantity": 1, "payment": {"method": "card", "lines": [{"amount": %s}]}}' % amount
        answer = user.post(path, body.encode())
        assert_error(answer, 400, "VALIDATION_ERROR")
        assert answer.json["error"]["details"] == {"field": "payment"}
    expect(user.post(path, {"quantity": 1, "payment": {"method": "card", "lines": [{"amount": 1.5e10}]}}), 201)


def test_a_declined_payment(user, event):
    """H10: no booking, and the hold stands until its own expiry; nor does a direct booking leave anything."""
    before = user.available(event)
    declined = {"token": "tok_declined"}
    path = f"/api/v1/events/{event['event_id']}/book"
    assert_error(user.post(path, {"quantity": 2, "payment": declined}), 402, "PAYMENT_DECLINED")
    assert user.available(event) == before
    hold = user.hold(event, quantity=2)
    assert_error(confirm(user, hold, payment=declined), 402, "PAYMENT_DECLINED")
    assert expect(user.get(f"/api/v1/seats/hold/{hold['hold_id']}"), 200)["status"] == "active"
    booking = expect(confirm(user, hold, payment={"token": "tok_ok", "method": "card"}), 201)
    assert booking["payment"]["amount"] == booking["total_price"]


@pytest.mark.parametrize(
    "hold_id, code", [(None, "VALIDATION_ERROR"), ("hold-12345", "INVALID_ID"), (5, "INVALID_ID"), ("", "INVALID_ID")]
)
def test_confirm_without_a_usable_hold_id(user, hold_id, code):
    assert_error(user.post("/api/v1/bookings/confirm", {"hold_id": hold_id}), 400, code, "hold_id")


def test_confirm_of_an_inactive_event(user, admin, event):
    hold = user.hold(event, quantity=1)
    expect(admin.post(f"/api/v1/admin/events/{event['event_id']}/deactivate"), 200)
    assert_error(confirm(user, hold), 409, "EVENT_NOT_BOOKABLE")


def test_replay_of_a_booking(user, event):
    """S4-IDEM-3: the first status and body again, marked as a replay; booked once."""
    first = book(user, event, key="attempt1", quantity=2)
    again = book(user, event, key="attempt1", quantity=2)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert "idempotent-replay" not in first.headers
    assert again.headers["idempotent-replay"] == "true"
    assert user.available(event) == 98


def test_key_with_another_request(user, event, new_event):
    """H23: one key, other content: 422. One key on two events: two bookings."""
    expect(book(user, event, key="k", quantity=2), 201)
    assert_error(book(user, event, key="k", quantity=3), 422, "IDEMPOTENCY_KEY_REUSED")
    expect(book(user, new_event(), key="k", quantity=3), 201)
    assert user.available(event) == 98


def test_key_is_the_users_own(user, other_user, event):
    """S4-IDEM-2: scoped to user and event."""
    assert (
        book(user, event, key="k", quantity=1).json["booking_id"]
        != book(other_user, event, key="k", quantity=1).json["booking_id"]
    )


def test_parallel_requests_with_one_key(user, event):
    """H24: 50 at once: one booking, 50 equal answers, 49 of them replays."""
    answers = in_parallel([lambda: book(user, event, key="storm", quantity=1)] * 50)
    assert {answer.status for answer in answers} == {201}, answers
    assert len({answer.body for answer in answers}) == 1
    assert sum("idempotent-replay" in answer.headers for answer in answers) == 49
    assert user.available(event) == 99


def test_length_of_keys(user, event):
    """H25: 200 characters work, and 255; 256 are refused with 400."""
    for length in (1, 200, 255):
        expect(book(user, event, key="k" * length, quantity=1), 201)
    assert_error(book(user, event, key="k" * 256, quantity=1), 400, "VALIDATION_ERROR")
    assert user.available(event) == 97


def test_refusal_does_not_use_the_key_up(user, other_user, new_event):
    """H26: sold out now; the same key may be tried again."""
    event = new_event(total_capacity=2)
    others = other_user.book(event, quantity=2)
    error = assert_error(book(user, event, key="k", quantity=1), 409, "INSUFFICIENT_SEATS")
    assert error["message"] == "Not enough seats available"
    assert (error["details"]["requested"], error["details"]["available"]) == (1, 0)
    assert error["details"]["event_id"] == event["event_id"]
    expect(other_user.delete(path_of(others)), 200)
    expect(book(user, event, key="k", quantity=1), 201)


def test_replay_of_a_cancelled_booking(user, event):
    """The key stands for what was answered, not for what became of it."""
    first = book(user, event, key="k", quantity=1)
    expect(user.delete(path_of(first.json)), 200)
    assert book(user, event, key="k", quantity=1).body == first.body
    assert user.available(event) == 100


def test_key_on_confirm(user, event):
    hold = user.hold(event, quantity=1)
    other = user.hold(event, quantity=1)
    first = user.post("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"]}, idempotency_key="k")
    again = user.post("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"]}, idempotency_key="k")
    assert again.body == first.body and again.headers["idempotent-replay"] == "true"
    answer = user.post("/api/v1/bookings/confirm", {"hold_id": other["hold_id"]}, idempotency_key="k")
    assert_error(answer, 422, "IDEMPOTENCY_KEY_REUSED")


def test_limit_per_booking(user, new_event):
    """S2-EVA-8: max_tickets_per_booking, 20 by default."""
    event = new_event()
    expect(book(user, event, quantity=20), 201)
    error = assert_error(book(user, event, quantity=21), 409, "LIMIT_EXCEEDED")
    assert error["details"]["max_tickets_per_booking"] == 20


@pytest.mark.parametrize(
    "cancel",
    [
        lambda user, path: user.post(f"{path}/cancel", {"reason": "ill"}),
        lambda user, path: user.post(f"{path}/request-cancel", {"reason": "ill"}),
        lambda user, path: user.delete(path, {"reason": "ill"}),
    ],
    ids=["POST cancel", "POST request-cancel", "DELETE"],
)
def test_three_ways_to_cancel(user, seated_event, cancel):
    """H50, S3-BOOK-3, S3-CANC-3, S4-BOOK-5: one procedure; a repeat, by any way, gives the same answer."""
    booking = user.book(seated_event, seat_ids=["A-1", "A-2"])
    answer = cancel(user, path_of(booking))
    cancellation = expect(answer, 200)
    assert CANCELLATION_FIELDS <= set(cancellation)
    assert (cancellation["booking_id"], cancellation["status"]) == (booking["booking_id"], "completed")
    assert (cancellation["fee"], cancellation["refund_amount"]) == (0, Decimal("100.00"))
    assert (cancellation["currency"], cancellation["reason"]) == ("USD", "ill")

    for repeat in [
        user.post(path_of(booking) + "/cancel"),
        user.post(path_of(booking) + "/request-cancel", {"reason": "other"}),
        user.delete(path_of(booking)),
    ]:
        assert expect(repeat, 200) == cancellation
    after = expect(user.get(path_of(booking)), 200)
    assert (after["status"], after["version"]) == ("cancelled", booking["version"] + 1)
    assert user.available(seated_event) == 20


def test_parallel_cancels(user, event, sql):
    """H20: 20 at once: stock returns once, one refund, the same answer to all."""
    booking = user.book(event, quantity=5)
    answers = in_parallel([lambda: user.post(path_of(booking) + "/cancel")] * 20)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert user.available(event) == 100
    assert sql("SELECT count(*) FROM evently.cancellation WHERE booking_id = %s", booking["booking_id"]) == [(1,)]


def test_cancel_after_the_start(user, event, sql):
    """api.md, cancel: without a policy it is free until the start, and not possible afterwards."""
    booking = user.book(event, quantity=1)
    sql(
        "UPDATE evently.event SET start_datetime = now() - interval '1 h', end_datetime = now() + interval '1 h'"
        " WHERE event_id = %s",
        event["event_id"],
    )
    for answer in [user.post(path_of(booking) + "/cancel"), user.delete(path_of(booking))]:
        assert_error(answer, 409, "CANCELLATION_NOT_ALLOWED")
    assert expect(user.get(path_of(booking)), 200)["status"] == "confirmed"


def test_cancelled_seat_is_sold_again(user, other_user, seated_event):
    booking = user.book(seated_event, seat_ids=["A-1"])
    assert_error(book(other_user, seated_event, seat_ids=["A-1"]), 409, "SEATS_UNAVAILABLE")
    expect(user.delete(path_of(booking)), 200)
    other_user.book(seated_event, seat_ids=["A-1"])


def test_cancelled_event_refunds_everybody(user, other_user, admin, event):
    """H54: bookings are refunded, holds released, the event is hidden."""
    booking = user.book(event, quantity=2)
    hold = other_user.hold(event, quantity=1)
    gone = expect(admin.delete(f"/api/v1/admin/events/{event['event_id']}"), 200)
    assert (gone["bookings_cancelled"], gone["holds_released"]) == (1, 1)
    assert expect(user.get(path_of(booking)), 200)["status"] == "cancelled"
    assert expect(other_user.get(f"/api/v1/seats/hold/{hold['hold_id']}"), 200)["status"] == "released"
    assert confirm(other_user, hold).status == 409
    cancellation = expect(user.post(path_of(booking) + "/cancel"), 200)
    assert cancellation["refund_amount"] == Decimal("50.00")


@pytest.mark.parametrize("path", ["/api/v1/users/bookings", "/api/v1/me/bookings"])
def test_list_of_own_bookings(user, other_user, new_event, path):
    """S1-AUTHU-7, S1-FUT-1, S3-BOOK-4, S3-BOOK-7, S4-BOOK-4: newest first, in pages; nobody else's."""
    event, other_event = new_event(), new_event()
    made = [user.book(event, quantity=1) for _ in range(5)] + [user.book(other_event, quantity=2)]
    other_user.book(event, quantity=1)
    newest_first = [booking["booking_id"] for booking in reversed(made)]

    page = expect(user.get(path), 200)
    assert (page["total"], page["page"], page["limit"], page["has_more"]) == (6, 1, 20, False)
    assert [booking["booking_id"] for booking in page["bookings"]] == newest_first
    assert page["bookings"][0] == made[-1]

    pages = [expect(user.get(path, page=number, limit=4), 200) for number in (1, 2, 3)]
    assert [len(page["bookings"]) for page in pages] == [4, 2, 0]
    assert [page["has_more"] for page in pages] == [True, False, False]
    assert [booking["booking_id"] for page in pages for booking in page["bookings"]] == newest_first
    by_offset = expect(user.get(path, limit=2, offset=3), 200)["bookings"]
    assert [booking["booking_id"] for booking in by_offset] == newest_first[3:5]

    expect(user.delete(path_of(made[0])), 200)
    assert expect(user.get(path, status="Cancelled"), 200)["total"] == 1
    assert expect(user.get(path, status="confirmed"), 200)["total"] == 5
    assert expect(user.get(path, event_id=other_event["event_id"]), 200)["total"] == 1


@pytest.mark.parametrize(
    "query, field",
    [
        ({"page": 0}, "page"),
        ({"limit": 0}, "limit"),
        ({"offset": -1}, "offset"),
        ({"status": "lost"}, "status"),
        ({"page": "x"}, "page"),
    ],
)
def test_list_with_bad_arguments(user, query, field):
    assert_error(user.get("/api/v1/users/bookings", **query), 400, "VALIDATION_ERROR", field)


def test_user_without_bookings(user):
    page = expect(user.get("/api/v1/users/bookings"), 200)
    assert (page["bookings"], page["total"], page["has_more"]) == ([], 0, False)


def test_past_event_is_not_booked(user, new_event):
    """S4-EVA-1: past events may be made; booking after the end is 409."""
    event = new_event(name=unique("Dev Summit"), start_datetime=in_days(-3), end_datetime=in_days(-2))
    answer = book(user, event, quantity=1)
    assert (answer.status, answer.code) in [(409, "SALE_ENDED"), (409, "EVENT_NOT_BOOKABLE")]


def test_parallel_bookings_against_a_falling_capacity(crowd, admin, new_event):
    """H21: never booked > capacity; a refused change changes nothing."""
    event = new_event(total_capacity=60)
    path = f"/api/v1/admin/events/{event['event_id']}"

    def lower(capacity):
        answer = admin.put(path, {"total_capacity": capacity})
        assert answer.status == 200 or (answer.status, answer.code) == (409, "CAPACITY_BELOW_BOOKED"), answer
        if answer.status == 409:
            assert "capacity" in answer.json["error"]["message"]
        return answer

    lowering = [lambda capacity=capacity: lower(capacity) for capacity in (50, 40, 30, 20)]
    booking = [lambda client=client: book(client, event, quantity=1) for client in crowd[:50]]
    answers = in_parallel(booking[:25] + lowering + booking[25:])
    after = expect(admin.get(path), 200)
    sold = sum(answer.status == 201 for answer in answers)
    assert after["booked_count"] == sold <= after["total_capacity"]
    assert after["available_seats"] == after["total_capacity"] - sold
