"""Payments at an outside provider: begun for a hold, completed by whoever speaks for the provider."""

from uuid import uuid4

import pytest

from client import Client, assert_error, expect, unique


@pytest.fixture
def provider(url, internal_key):
    return Client(url, internal_key=internal_key)


@pytest.fixture
def begun(user, event):
    """A hold of two tickets and a payment of them that waits for the provider."""
    hold = user.hold(event, quantity=2)
    payment = expect(user.post(f"/api/v1/seats/hold/{hold['hold_id']}/payment", {"method": "card"}), 201)
    assert (payment["status"], payment["amount"], payment["method"]) == ("pending", 50, "card")
    return hold, payment


def complete(provider, payment, outcome, **more):
    return provider.post(f"/api/v1/payments/{payment['payment_id']}/complete", {"outcome": outcome, **more})


def test_paid_hold_becomes_a_booking(user, provider, event, begun):
    """S3-PAY-1, H28: told twice, booked once; the contrary afterwards is refused."""
    hold, payment = begun
    done = expect(complete(provider, payment, "paid", provider_ref="pi_1"), 200)
    assert (done["status"], done["already"], done["booking"]["hold_id"]) == ("paid", False, hold["hold_id"])
    again = expect(complete(provider, payment, "PAID"), 200)
    assert (again["already"], again["booking_id"]) == (True, done["booking_id"])
    assert_error(complete(provider, payment, "failed"), 409, "PAYMENT_ALREADY_RESOLVED")
    assert user.available(event) == 98
    paid = expect(user.get(f"/api/v1/bookings/{done['booking_id']}/payments"), 200)["payments"]
    assert [(row["status"], row["provider_ref"], row["refunded"]) for row in paid] == [("paid", "pi_1", 0)]


def test_failed_payment_leaves_the_hold(user, provider, begun):
    hold, payment = begun
    assert expect(complete(provider, payment, "failed"), 200)["booking"] is None
    assert expect(user.get(f"/api/v1/seats/hold/{hold['hold_id']}"), 200)["status"] == "active"
    expect(user.post(f"/api/v1/seats/hold/{hold['hold_id']}/payment"), 201)


def test_late_payment_of_what_is_gone_is_refunded(user, other_user, provider, new_event, expire):
    """H11: the hold is over and somebody else has the tickets."""
    event = new_event(total_capacity=2)
    hold = user.hold(event, quantity=2)
    payment = expect(user.post(f"/api/v1/seats/hold/{hold['hold_id']}/payment"), 201)
    expire(hold)
    other_user.book(event, quantity=2)
    done = expect(complete(provider, payment, "paid"), 200)
    assert (done["booking"], done["refund_due"]) == (None, 50)


def test_nobody_begins_a_payment_of_the_mock(user, event):
    """Its refunds are settled at once: nobody would be asked to send the money back."""
    hold = user.hold(event, quantity=1)
    path = f"/api/v1/seats/hold/{hold['hold_id']}/payment"
    assert_error(user.post(path, {"provider": "mock"}), 400, "VALIDATION_ERROR", "provider")
    assert expect(user.post(path, {"provider": "acme"}), 201)["provider"] == "acme"


def test_two_windows_pay_once(user, provider, new_event, expire):
    """A hold of which two payments were begun, and that is over when both are paid: one booking, the other is due back."""
    event = new_event(total_capacity=10)
    hold = user.hold(event, quantity=2)
    first, second = (expect(user.post(f"/api/v1/seats/hold/{hold['hold_id']}/payment"), 201) for _ in range(2))
    expire(hold)
    assert expect(complete(provider, first, "paid"), 200)["booking"]["quantity"] == 2
    done = expect(complete(provider, second, "paid"), 200)
    assert (done["booking"], done["refund_due"], done["reason"]) == (None, 50, "the booking was paid already")
    assert user.available(event) == 8


def test_who_may(user, other_user, admin, provider, begun):
    """H02, H61: the hold's owner begins; only with the key is it completed."""
    hold, payment = begun
    assert_error(other_user.post(f"/api/v1/seats/hold/{hold['hold_id']}/payment"), 403, "FORBIDDEN")
    for stranger in (user, admin):
        assert_error(complete(stranger, payment, "paid"), 401, "UNAUTHORIZED")
    booking_id = expect(complete(provider, payment, "paid"), 200)["booking_id"]
    assert_error(other_user.get(f"/api/v1/bookings/{booking_id}/payments"), 403, "FORBIDDEN")
    assert expect(admin.get(f"/api/v1/bookings/{booking_id}/payments"), 200)["booking_id"] == booking_id


def test_what_is_refused(provider, begun):
    _, payment = begun
    assert_error(complete(provider, {"payment_id": str(uuid4())}, "paid"), 404, "PAYMENT_NOT_FOUND")
    assert_error(complete(provider, payment, "perhaps"), 400, "VALIDATION_ERROR", "outcome")
    assert_error(provider.post(f"/api/v1/payments/{payment['payment_id']}/complete", {}), 400, "VALIDATION_ERROR", "outcome")


FORGED_KEYS = {
    "as a token": lambda key: {"Authorization": f"Bearer {key}"},
    "as a cookie": lambda key: {"Cookie": f"X-Internal-API-Key={key}"},
    "all but its end": lambda key: {"X-Internal-API-Key": key[:-1]},
    "with more behind it": lambda key: {"X-Internal-API-Key": f"{key}0"},
    "in capitals": lambda key: {"X-Internal-API-Key": key.upper()},
    "twice in one": lambda key: {"X-Internal-API-Key": f"{key}, {key}"},
    "empty": lambda key: {"X-Internal-API-Key": ""},
}


@pytest.mark.parametrize("kind", FORGED_KEYS)
def test_a_forged_webhook(anonymous, provider, internal_key, begun, kind):
    """Nothing but the key, whole and where it belongs, completes a payment; not what stands in the address or the body either."""
    payment = begun[1]
    path = f"/api/v1/payments/{payment['payment_id']}/complete?x-internal-api-key={internal_key}"
    body = {"outcome": "paid", "X-Internal-API-Key": internal_key}
    assert_error(anonymous.request("POST", path, body, FORGED_KEYS[kind](internal_key)), 401, "UNAUTHORIZED")
    assert expect(complete(provider, payment, "failed"), 200)["status"] == "failed"


@pytest.mark.parametrize("reference", ["x\r\nX-Planted: yes", "'; DROP TABLE evently.payment; --", "<script>", "\0", "x" * 100000])
def test_odd_references(user, provider, begun, reference):
    """What the provider calls it is text: kept as it came, or refused, and then the payment waits on."""
    hold, payment = begun
    answer = complete(provider, payment, "paid", provider_ref=reference)
    assert "x-planted" not in {name.lower() for name in answer.headers}
    if answer.status == 400:
        assert answer.code == "VALIDATION_ERROR"
        answer = complete(provider, payment, "paid")
    expect(answer, 200)
    assert user.get(f"/api/v1/seats/hold/{hold['hold_id']}").json["status"] == "confirmed"


def test_a_retry_begins_no_second_payment(user, event):
    """S4-PAY-1: the same key, the same payment."""
    path = f"/api/v1/seats/hold/{user.hold(event, quantity=1)['hold_id']}/payment"
    key = unique("key")
    first, second = (user.post(path, {}, idempotency_key=key) for _ in range(2))
    assert (second.status, second.json) == (201, first.json)


def test_some_tickets_are_cancelled_and_refunded(user, event):
    """S3-PAY-2, S3-CANC-5: ticket_ids; what is given back is the payment's refund."""
    booking = user.book(event, quantity=3)
    path = f"/api/v1/bookings/{booking['booking_id']}"
    ids = [ticket["ticket_id"] for ticket in booking["tickets"][:2]]
    quote = expect(user.get(f"{path}/cancel-quote", ticket_ids=",".join(ids)), 200)
    assert (sorted(quote["ticket_ids"]), quote["refund_amount"]) == (sorted(ids), 50)
    done = expect(user.post(f"{path}/cancel", {"ticket_ids": ids}), 200)
    assert (sorted(done["ticket_ids"]), done["refund_amount"]) == (sorted(ids), 50)
    after = expect(user.get(path), 200)
    assert (after["status"], [ticket["status"] for ticket in after["tickets"]].count("valid")) == ("confirmed", 1)
    (payment,) = expect(user.get(f"{path}/payments"), 200)["payments"]
    assert (payment["refunded"], [refund["amount"] for refund in payment["refunds"]]) == (50, [50])
    assert user.available(event) == 99
    assert_error(user.post(f"{path}/cancel", {"ticket_ids": [str(uuid4())]}), 404, "TICKET_NOT_FOUND")
    for wrong in (["x"], [5], "x"):
        assert_error(user.post(f"{path}/cancel", {"ticket_ids": wrong}), 400, "VALIDATION_ERROR", "ticket_ids")
    assert_error(user.get(f"{path}/cancel-quote", ticket_ids="x"), 400, "VALIDATION_ERROR", "ticket_ids")


def test_without_the_mock_provider_tickets_are_paid_first(user, provider, event, new_event, serve):
    """Neither a booking nor a confirmation pays in passing; the provider's word books, and what costs nothing needs none."""
    client = serve(EVENTLY_MOCK_PAYMENTS="off").client
    client.token = user.token
    hold = user.hold(event, quantity=2)
    for payment in (None, {"token": "tok_ok"}, {"token": "tok_ok", "method": "card"}):
        for path, wish in [
            (f"/api/v1/events/{event['event_id']}/book", {"quantity": 1}),
            ("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"]}),
        ]:
            answer = client.post(path, {**wish, "payment": payment} if payment else wish)
            assert_error(answer, 402, "PAYMENT_REQUIRED")
    payment = expect(client.post(f"/api/v1/seats/hold/{hold['hold_id']}/payment", {"method": "card"}), 201)
    assert expect(complete(provider, payment, "paid"), 200)["booking"]["status"] == "confirmed"
    free = new_event(base_price=0)
    assert expect(client.post(f"/api/v1/events/{free['event_id']}/book", {"quantity": 1}), 201)["status"] == "confirmed"
