"""The storm of storm.py against the running database, and the model's own eyesight: faults planted in a good log."""

import copy

import pytest

from history import check
from model import Disagreement, Model, Section
from storm import make_storm


@pytest.fixture(scope="module")
def log():
    return make_storm(operations=10000, clients=16, seed=1)


def test_10000_random_operations_agree_with_the_model(log):
    outcomes = check(log)
    assert sum(outcomes.values()) >= 10000
    assert {"ok", "VE101", "VE102"} <= outcomes.keys()


def plant(log, fault, seen_as=""):
    """A copy of the log in which one thing did not happen as it did."""
    wrong = copy.deepcopy(log)
    fault(wrong)
    with pytest.raises(Disagreement, match=seen_as):
        check(wrong)


def last(log, kind, **having):
    return max(
        i for i, row in enumerate(log["happened"])
        if row[2] == kind and all(bool(row[4][name]) == wanted for name, wanted in having.items())
    )


def test_a_seat_sold_twice_is_seen(log):
    def fault(wrong):
        sold = copy.deepcopy(wrong["happened"][last(wrong, "BOOKING_CONFIRMED", hold_id=False, seat_ids=True)])
        wrong["happened"].insert(last(wrong, "BOOKING_CONFIRMED", hold_id=False, seat_ids=True) + 1, (*sold[:3], "another", sold[4]))

    plant(log, fault)


def test_a_lost_booking_is_seen(log):
    plant(log, lambda wrong: wrong["happened"].pop(last(wrong, "BOOKING_CONFIRMED")))


def test_a_cancellation_that_returned_nothing_is_seen(log):
    plant(log, lambda wrong: wrong["happened"].pop(last(wrong, "BOOKING_CANCELLED")))


def test_stock_that_drifted_is_seen(log):
    def fault(wrong):
        section = wrong["event"]["sections"][0]["section_id"]
        wrong["state"]["available"][section] += 1

    plant(log, fault)


def test_a_refusal_of_what_was_there_is_seen(log):
    def fault(wrong):
        for call in wrong["calls"]:
            if call["outcome"] == "VE102":
                call["arguments"]["quantity"] = 0

    plant(log, fault)


def test_a_refusal_of_a_seat_that_nobody_had_is_seen(log):
    def fault(wrong):
        refused = next(call for call in wrong["calls"] if call["outcome"] == "VE101")
        refused["began"] = refused["ended"] = 0

    plant(log, fault)


def test_an_acknowledged_booking_that_is_not_there_is_seen(log):
    def fault(wrong):
        booked = next(call for call in wrong["calls"] if call["outcome"] == "ok" and call["operation"] == "book")
        booked["answer"]["booking_id"] = "another"

    plant(log, fault)


def first_call(log, operation):
    return next(call for call in log["calls"] if call["outcome"] == "ok" and call["operation"] == operation)


def first_booking_without_key(log):
    """That nobody can have repeated."""
    return next(
        call for call in log["calls"]
        if (call["outcome"], call["operation"]) == ("ok", "book") and not call["arguments"].get("idempotency_key")
    )


def test_what_nobody_was_told_of_is_seen(log):
    def fault(wrong):
        first_booking_without_key(wrong)["outcome"] = "VE102"

    plant(log, fault, seen_as="nobody was told of it")


def test_what_nobody_was_told_of_is_seen_among_what_others_asked_for(log):
    """The web app serves requests of many in one transaction."""

    def fault(wrong):
        call = first_booking_without_key(wrong)
        call["outcome"] = "VE102"
        happened = wrong["happened"]
        at = next(i for i, row in enumerate(happened) if row[3] == call["answer"]["booking_id"])
        asked_for = next(row for row in happened[at + 1 :] if row[2] == "HOLD_CREATED")
        happened[at] = (happened[at][0], asked_for[1], *happened[at][2:])

    plant(log, fault, seen_as="nobody was told of it")


def test_one_booking_for_two_calls_is_seen(log):
    def fault(wrong):
        call = first_call(wrong, "book")
        wrong["calls"].append({**call, "arguments": {**call["arguments"], "idempotency_key": "another"}})

    plant(log, fault)


def test_a_booking_for_somebody_else_is_seen(log):
    plant(log, lambda wrong: first_call(wrong, "book").update(user="another"))


def test_an_answer_before_it_was_true_is_seen(log):
    def fault(wrong):
        call = first_call(wrong, "book")
        call["ended"] = call["began"]

    plant(log, fault)


def test_a_read_of_what_never_was_is_seen(log):
    def fault(wrong):
        first_call(wrong, "get_availability")["answer"]["sections"][0]["available_seats"] += 100

    plant(log, fault)


def test_a_read_of_what_was_no_more_is_seen(log):
    def fault(wrong):
        cancelled = {call["arguments"]["booking_id"]: call["ended"] for call in wrong["calls"]
                     if call["outcome"] == "ok" and call["operation"] == "cancel_booking" and "ticket_ids" not in call["arguments"]}
        read = next(call for call in wrong["calls"] if call["outcome"] == "ok" and call["operation"] == "get_booking"
                    and cancelled.get(call["arguments"]["booking_id"], float("inf")) < call["began"])
        for ticket in read["answer"]["tickets"]:
            ticket["status"] = "valid"

    plant(log, fault)


def test_a_hold_confirmed_in_time_and_seen_late():
    """Its end passes before the commit: in between a reader takes it for over, before and afterwards nobody does."""
    held = {"user_id": "ann", "section_id": "floor", "seat_ids": [], "quantity": 1, "expires_at": 10}
    ticket = {"ticket_id": "1", "seat_id": None, "price": 5, "section_id": "floor"}
    model = Model({"floor": Section(1, frozenset())})
    model.replay([
        (1, 2, "HOLD_CREATED", "hold", held),
        (9, 11, "BOOKING_CONFIRMED", "booking", {**held, "hold_id": "hold", "tickets": [ticket]}),
    ])
    assert [model.most_available("floor", moment, moment) for moment in (3, 9.5, 10.5, 12)] == [0, 0, 1, 0]
    assert [model.least_available("floor", moment, moment) for moment in (3, 9.5, 10.5, 12)] == [0, 0, 0, 0]


def test_a_hold_extended_in_time_beside_a_longer_transaction():
    """What a transaction tells last is later than the hold's end, which the next transaction extended before it came."""
    held = {"user_id": "ann", "section_id": "floor", "seat_ids": [], "quantity": 1, "expires_at": 10}
    model = Model({"floor": Section(2, frozenset())})
    model.replay([
        (1, 2, "HOLD_CREATED", "hold", held),
        (8, 12, "HOLD_CREATED", "other", {**held, "expires_at": 20}),
        (11, 12, "NOTED_LATER", "other", {}),
        (9, 12, "HOLD_EXTENDED", "hold", {**held, "expires_at": 21}),
    ])
    assert model.holds["hold"].status == "active" and model.available("floor") == 0
