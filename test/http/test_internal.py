"""Availability by number, for other services: S2's critical path."""

import random
import time
from uuid import uuid4

import pytest

from client import Client, assert_error, expect, in_parallel, unique


@pytest.fixture
def service(url, internal_key):
    return Client(url, internal_key=internal_key)


def change(service, event, quantity, action="update-availability", **more):
    return service.post(f"/internal/events/{event['event_id']}/{action}", {"quantity": quantity, **more})


def test_take_and_return(service, anonymous, event):
    """S1-INT-3, S2-INT-1, S2-INT-3: the answer's fields; each call raises the version."""
    taken = expect(change(service, event, -2, version=event["version"]), 200)
    assert taken == {
        "event_id": event["event_id"],
        "available_seats": 98,
        "status": "published",
        "version": event["version"] + 1,
    }
    assert anonymous.available(event) == 98
    returned = expect(change(service, event, 2, "return-seats", version=taken["version"]), 200)
    assert (returned["available_seats"], returned["version"]) == (100, taken["version"] + 1)


def test_stale_version(service, event):
    """S2-EVA-7: nothing is taken."""
    expect(change(service, event, -1), 200)
    assert_error(change(service, event, -1, version=event["version"]), 409, "CONCURRENT_UPDATE")
    assert expect(service.get(f"/internal/events/{event['event_id']}"), 200)["available_seats"] == 99


def test_what_is_refused(service, event, seated_event):
    """S2-BOOK-1: never below zero, never more given back than was taken."""
    assert_error(change(service, event, -101), 409, "INSUFFICIENT_SEATS")
    assert_error(change(service, event, 1), 409, "RETURN_EXCEEDS_TAKEN")
    assert_error(change(service, event, 1, "return-seats"), 409, "RETURN_EXCEEDS_TAKEN")
    assert_error(change(service, event, -1, "return-seats"), 400, "VALIDATION_ERROR", "quantity")
    assert_error(change(service, event, 0), 400, "VALIDATION_ERROR", "quantity")
    assert_error(change(service, event, "2"), 400, "VALIDATION_ERROR", "quantity")
    assert_error(change(service, event, None), 400, "VALIDATION_ERROR", "quantity")
    assert_error(change(service, seated_event, -1), 400, "VALIDATION_ERROR")
    assert_error(change(service, {"event_id": str(uuid4())}, -1), 404, "EVENT_NOT_FOUND")


def test_those_who_wait_are_not_passed(service, new_event, user, other_user):
    """H38: another system is a newcomer like any other."""
    event = new_event(total_capacity=2)
    other_user.book(event, quantity=1)
    expect(user.post("/api/v1/waitlist", {"event_id": event["event_id"], "quantity": 2}), 201)
    assert_error(change(service, event, -1), 409, "WAITLIST_ACTIVE")


def test_who_lost_tries_again(service, new_event):
    """S2-PERF-6, version conflict retry success rate > 95 %: 8 services at once, each reading the version before it takes a
    place; those that came too late read it again, at most 20 times and each time after a longer pause of random length."""
    event, lost, gave_up = new_event(total_capacity=400), [], []

    def take(number):
        for attempt in range(20):
            version = expect(service.get(f"/internal/events/{event['event_id']}"), 200)["version"]
            answer = change(service, event, -1, version=version)
            if answer.status == 200:
                return
            assert_error(answer, 409, "CONCURRENT_UPDATE")
            if attempt == 0:
                lost.append(number)
            time.sleep(random.uniform(0, 0.005 * 2 ** min(attempt, 6)))
        gave_up.append(number)

    in_parallel([lambda number=number: take(number) for number in range(200)], threads=8)
    assert lost, "nobody met anybody"
    assert len(gave_up) < 0.05 * len(lost)
    left = expect(service.get(f"/internal/events/{event['event_id']}"), 200)["available_seats"]
    assert left == 400 - 200 + len(gave_up)


def test_a_retry_takes_once(service, event):
    """S4-PAY-1 for services."""
    path, key = f"/internal/events/{event['event_id']}/update-availability", unique("key")
    first, second = (service.post(path, {"quantity": -5}, idempotency_key=key) for _ in range(2))
    assert second.json == first.json
    assert second.headers["idempotent-replay"] == "true"


def test_many_at_once_never_oversell(service, new_event, user):
    """S2-BOOK-1, S2-BOOK-2: 60 takers of one place each and buyers, of 40."""
    event = new_event(total_capacity=40)

    def buy():
        return user.post(f"/api/v1/events/{event['event_id']}/book", {"quantity": 1})

    answers = in_parallel([lambda: change(service, event, -1)] * 60 + [buy] * 10, threads=16)
    won = [answer for answer in answers if answer.status < 300]
    assert len(won) == 40 and {answer.code for answer in answers if answer.status >= 300} <= {"INSUFFICIENT_SEATS", "SALE_SOLD_OUT"}
    assert expect(service.get(f"/internal/events/{event['event_id']}"), 200)["available_seats"] == 0
