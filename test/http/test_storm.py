"""On-sale storms: many buyers, too few tickets. Exactly what there is gets sold, and everybody else is told so."""

import random
import threading
import uuid

import psycopg2
import pytest

from client import expect, in_parallel

CLIENTS = 64
TICKETS = 500


@pytest.fixture
def sql_buyers():
    """64 superuser sessions, each with a user of its own. Taken back whatever happens."""
    connections = [psycopg2.connect("") for _ in range(CLIENTS)]
    for connection in connections:
        connection.autocommit = True
    yield [(connection, str(uuid.uuid4())) for connection in connections]
    for connection in connections:
        connection.close()


def storm(buyers, buy):
    """Every buyer buys until refused; buy(buyer) answers how many it got, 0 for none. All start together."""
    start = threading.Barrier(len(buyers))

    def run(buyer):
        start.wait()
        bought = 0
        while got := buy(buyer):
            bought += got
        return bought

    return sum(in_parallel([lambda buyer=buyer: run(buyer) for buyer in buyers]))


def sold(sql, event):
    [(tickets,)] = sql("SELECT count(*) FROM evently.ticket WHERE event_id = %s AND cancelled_at IS NULL", event["event_id"])
    return tickets


def book_by_sql(buyer, event):
    connection, user_id = buyer
    with connection.cursor() as cursor:
        try:
            cursor.execute(
                "SELECT quantity FROM evently.book(event_id => %s, user_id => %s, quantity => 1)", (event["event_id"], user_id)
            )
            return cursor.fetchone()[0]
        except psycopg2.Error as error:
            assert error.pgcode == "VE102", error  # INSUFFICIENT_SEATS
            return 0


def book_by_rest(client, event, **what):
    answer = client.post(f"/api/v1/events/{event['event_id']}/book", what or {"quantity": 1})
    if answer.status == 201:
        return answer.json["quantity"]
    assert (answer.status, answer.code) == (409, "INSUFFICIENT_SEATS"), answer
    return 0


def test_500_tickets_by_sql(sql, sql_buyers, anonymous, new_event):
    """S2-BOOK-1, S4-BOOK-8, S1-PERF-1, S3-PERF-2, H16: 64 sessions at once, any PostgreSQL client."""
    event = new_event(total_capacity=TICKETS)
    assert storm(sql_buyers, lambda buyer: book_by_sql(buyer, event)) == TICKETS
    assert sold(sql, event) == TICKETS
    after = expect(anonymous.get(f"/api/v1/events/{event['event_id']}"), 200)
    assert (after["available_seats"], after["booked_count"], after["sale_status"]) == (0, TICKETS, "sold_out")
    assert sql("SELECT * FROM evently.verify()") == []


def test_500_tickets_by_rest(sql, crowd, anonymous, new_event):
    """S2-PERF-4, S3-PERF-1, 1000+ concurrent booking requests without overselling: the same over REST; no 5xx to anybody."""
    event = new_event(total_capacity=TICKETS)
    assert storm(crowd, lambda client: book_by_rest(client, event)) == TICKETS
    assert sold(sql, event) == TICKETS
    assert anonymous.available(event) == 0
    assert sql("SELECT * FROM evently.verify()") == []


def test_parties_of_different_sizes(sql, crowd, new_event):
    """H16: a party that is refused truly did not fit; who asks for one ticket last gets the last one."""
    event = new_event(total_capacity=100)

    def buy(client):
        for quantity in (7, 3, 1):
            if got := book_by_rest(client, event, quantity=quantity):
                return got
        return 0

    assert storm(crowd, buy) == 100
    assert sold(sql, event) == 100


def test_both_doors_at_once(sql, sql_buyers, crowd, new_event):
    """S2-ARCH-1: SQL and REST sell from one stock."""
    event = new_event(total_capacity=200)
    buyers = [lambda buyer=buyer: book_by_sql(buyer, event) for buyer in sql_buyers[:16]]
    buyers += [lambda client=client: book_by_rest(client, event) for client in crowd[:16]]
    assert storm(buyers, lambda buy: buy()) == 200
    assert sold(sql, event) == 200


def seat_storm(buyers, take, labels):
    """Every buyer tries random pairs until it has failed with every pair that it drew; who owns which seat."""
    start = threading.Barrier(len(buyers))

    def run(number, buyer):
        chance = random.Random(number)
        start.wait()
        return [label for _ in range(15) for label in take(buyer, chance.sample(labels, 2))]

    owned = in_parallel([lambda i=i, buyer=buyer: run(i, buyer) for i, buyer in enumerate(buyers)])
    return [label for labels in owned for label in labels]


def check_seats(sql, client, event, owned):
    """No seat twice; what was acknowledged is what is sold."""
    assert len(owned) == len(set(owned))
    assert owned, "nobody got a seat: this proves nothing"
    statuses = client.seat_statuses(event)
    assert {label for label, status in statuses.items() if status == "sold"} == set(owned)
    assert sold(sql, event) == len(owned)
    assert sql("SELECT * FROM evently.verify()") == []


def test_100_seats_by_sql(sql, sql_buyers, anonymous, new_seated_event):
    """S3-HOLD-5: 64 sessions fight for random pairs of 100 seats."""
    event = new_seated_event(rows=10, seats_per_row=10)
    labels = sorted(anonymous.seat_statuses(event))

    def take(buyer, pair):
        connection, user_id = buyer
        with connection.cursor() as cursor:
            try:
                cursor.execute(
                    "SELECT seat_ids FROM evently.book(event_id => %s, user_id => %s, seat_ids => %s)",
                    (event["event_id"], user_id, pair),
                )
                return cursor.fetchone()[0]
            except psycopg2.Error as error:
                assert error.pgcode == "VE101", error  # SEATS_UNAVAILABLE
                return []

    check_seats(sql, anonymous, event, seat_storm(sql_buyers, take, labels))


def test_100_seats_by_rest(sql, crowd, anonymous, new_seated_event):
    """The same over REST, half of it booked directly, half held and confirmed (H07)."""
    event = new_seated_event(rows=10, seats_per_row=10)
    labels = sorted(anonymous.seat_statuses(event))

    def take(client, pair):
        if pair[0] < pair[1]:
            answer = client.post(f"/api/v1/events/{event['event_id']}/book", {"seat_ids": pair})
        else:
            answer = client.post("/api/v1/seats/hold", {"event_id": event["event_id"], "seat_ids": pair})
        if answer.status == 201 and "hold_id" in answer.json and "booking_id" not in answer.json:
            answer = client.post("/api/v1/bookings/confirm", {"hold_id": answer.json["hold_id"]})
            assert answer.status == 201, answer
        if answer.status == 201:
            return answer.json["seat_ids"]
        assert (answer.status, answer.code) == (409, "SEATS_UNAVAILABLE"), answer
        return []

    check_seats(sql, anonymous, event, seat_storm(crowd, take, labels))


def test_best_seats_to_everybody(sql, crowd, anonymous, new_seated_event):
    """By quantity in a reserved section: 64 clients empty 90 seats, and no seat is assigned twice."""
    event = new_seated_event(rows=9, seats_per_row=10)
    assert storm(crowd, lambda client: book_by_rest(client, event, quantity=1)) == 90
    assert set(anonymous.seat_statuses(event).values()) == {"sold"}
    assert sql("SELECT * FROM evently.verify()") == []


@pytest.mark.parametrize("seated", [False, True], ids=["general admission", "seats"])
def test_holds_expire_in_the_storm(sql, crowd, new_event, new_seated_event, expire, seated):
    """H13: everything is held; in the middle of the storm all holds run out. Whoever asks from then on is served, until
    all is sold. Not a ticket less, not one more."""
    event = new_seated_event(rows=5, seats_per_row=10) if seated else new_event(total_capacity=50)
    holds = [client.hold(event, quantity=2) for client in crowd[:25]]
    expired = threading.Event()
    waiting = threading.Semaphore(0)

    def buyer(client):
        bought = 0
        while True:
            was_expired = expired.is_set()
            got = book_by_rest(client, event, quantity=1)
            bought += got
            waiting.release()
            if got == 0 and was_expired:
                return bought

    def end_holds():
        for _ in range(200):  # the storm is on
            waiting.acquire()
        expire(*holds)
        expired.set()
        return 0

    calls = [lambda client=client: buyer(client) for client in crowd[25:57]]
    assert sum(in_parallel([end_holds] + calls)) == 50
    assert sold(sql, event) == 50
    assert sql("SELECT * FROM evently.verify()") == []


def test_confirm_races_with_takers(sql, crowd, seated_event, expire):
    """H08: as a hold expires, its owner confirms and others grab its seats: one owner, and never two told 'yours'."""
    owner, *takers = crowd[:8]
    for label in ["A-1", "A-2", "A-3", "A-4", "A-5", "A-6", "A-7", "A-8"]:
        hold = owner.hold(seated_event, seat_ids=[label])
        calls = [lambda hold=hold: owner.post("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"]})]
        calls += [
            lambda taker=taker, label=label: taker.post(
                f"/api/v1/events/{seated_event['event_id']}/book", {"seat_ids": [label]}
            )
            for taker in takers
        ]
        _, *answers = in_parallel([lambda hold=hold: expire(hold)] + calls)
        assert {answer.status for answer in answers} <= {201, 409, 410}, answers
        assert sum(answer.status == 201 for answer in answers) <= 1, answers
    assert sql("SELECT * FROM evently.verify()") == []
