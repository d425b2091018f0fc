"""Shared commits: requests for one event that arrive together travel together, and nobody can tell but by the metrics."""

import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from client import Wire, assert_error, expect, http_bytes
from instance import wait_until
from test_metrics import value

# One worker, so that all requests meet; nothing runs out of time while a test holds a lock.
PATIENT = {"EVENTLY_WORKERS": "1", "EVENTLY_LOCK_TIMEOUT": "60s", "EVENTLY_STATEMENT_TIMEOUT": "60s"}


@contextlib.contextmanager
def locked(connect, event):
    """While it lasts, whatever is booked for an event waits in the database."""
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM evently.lock_event(%s)", (event["event_id"],))
        yield
        connection.rollback()


def level(server, name):
    return value(server.client, f"evently_{name}")


def book_bytes(event, body, person, key=None):
    headers = [f"Idempotency-Key: {key}"] if key else []
    path = f"/api/v1/events/{event['event_id']}/book"
    return http_bytes("POST", path, json.dumps(body).encode(), person.token, headers)


class Together:
    """Requests sent one after the other: the first is under way and waits for a lock, the others wait for the first."""

    def __init__(self, server, stack):
        self.server = server
        self.stack = stack
        self.sent = 0

    def send(self, data):
        wire = self.stack.enter_context(Wire(self.server.url)).send(data)
        self.sent += 1
        wait_until(lambda: level(self.server, "sets_in_progress") == 1, "the first is under way")
        wait_until(lambda: level(self.server, "set_waiting_requests") == self.sent - 1, "the others wait in order")
        return wire


@pytest.fixture
def together(connect):
    """Sends requests so that all but the first are one set; their answers in order."""

    def run(server, event, requests):
        with contextlib.ExitStack() as stack:
            with locked(connect, event):
                queue = Together(server, stack)
                wires = [queue.send(request) for request in requests]
            return [wire.answer() for wire in wires]

    return run


def sets(server):
    """How many sets there were, and how many requests in them."""
    return [value(server.client, f"evently_set_requests_{part}") for part in ("count", "sum")]


def test_what_waits_travels_together(serve, together, new_event, crowd, sql):
    """The first goes at once; those that arrive meanwhile share one transaction, and each gets its own answer."""
    server, event = serve(**PATIENT), new_event(total_capacity=20)
    buyers = [server.as_user(person) for person in crowd[:30]]
    answers = together(server, event, [book_bytes(event, {"quantity": 1}, buyer) for buyer in buyers])
    assert [answer.status for answer in answers] == [201] * 20 + [409] * 10
    assert [answer.json["user_id"] for answer in answers[:20]] == [buyer.user_id for buyer in buyers[:20]]
    for answer in answers[20:]:
        assert_error(answer, 409, "INSUFFICIENT_SEATS")
    assert sets(server) == [2, 30]
    transactions = sql(
        "SELECT count(*) FROM evently.outbox WHERE event_id = %s AND type = 'BOOKING_CONFIRMED' GROUP BY xid ORDER BY 1",
        event["event_id"],
    )
    assert transactions == [(1,), (19,)]
    assert buyers[0].available(event) == 0


def alike(answer, names):
    """An answer without what differs from one booking to the next: what `names` names by value, ids, and times."""
    text = answer.body.decode()
    for name, word in names.items():
        text = text.replace(word, name)
    body = json.loads(text)
    if answer.status < 400:
        for field in ("booking_id", "booking_ref", "created_at"):
            body.pop(field)
        for ticket in body["tickets"]:
            ticket.pop("ticket_id")
        if body["payment"]:
            body["payment"].pop("payment_id")
    else:
        body["error"].pop("timestamp")
    return answer.status, answer.headers.get("idempotent-replay"), answer.headers.get("www-authenticate"), body


GENERAL = [
    ({"quantity": 2}, None),
    ({"quantity": 1}, "again"),
    ({"quantity": 1}, "again"),
    ({"quantity": 2}, "again"),
    ({"quantity": 1000}, None),
    ({"quantity": 0}, None),
    ({}, None),
    ({"quantity": 1, "section_id": "00000000-0000-7000-8000-000000000000"}, None),
    ({"quantity": 1, "ticket_type": "no such type"}, None),
    ({"quantity": 1, "access_code": "\"},{,\\,NULL"}, None),
    ({"quantity": 1, "payment": {"token": "tok_declined"}}, "declined"),
    ({"quantity": 1, "payment_method": "wire"}, "declined"),
    ({"quantity": 3}, None),
    ({"seat_ids": ["A-1"]}, None),
    ({"quantity": 1, "payment": {"token": "tok_ok", "method": "card"}}, None),
]
SEATED = [
    ({"seat_ids": ["A-1", "A-2"]}, None),
    ({"seat_ids": ["A-2", "A-3"]}, None),
    ({"seat_ids": ["A-3", "A-3"]}, None),
    ({"seat_ids": ["A-4", "Z-9"]}, None),
    ({"seat_ids": ["A-5"], "quantity": 2}, None),
    ({"seat_ids": []}, None),
    ({"seat_ids": ["A-6", "\"},{,\\,NULL"]}, None),
    ({"seat_ids": ["A-7"]}, "seat"),
    ({"seat_ids": ["A-7"]}, "seat"),
]


@pytest.mark.parametrize("seated, requests", [(False, GENERAL), (True, SEATED)], ids=["general", "seated"])
def test_the_same_as_alone(serve, together, new_event, new_seated_event, new_user, seated, requests):
    """Every answer and every refusal is, word by word, what the request would have got alone."""
    shared, alone = serve(**PATIENT), serve(**PATIENT, EVENTLY_SET_MAX="1")
    people = [new_user(), new_user()]

    def run(server, send):
        event = new_seated_event() if seated else new_event(name="The same", total_capacity=7, start_datetime="2099-01-01T20:00:00Z")
        buyer, stale = [server.as_user(person) for person in people]
        keyed = [book_bytes(event, body, buyer, key and f"{key}-{event['event_id']}") for body, key in requests]
        data = [*keyed[:3], book_bytes(event, {"quantity": 1}, stale), *keyed[3:]]
        sections = expect(buyer.get(f"/api/v1/events/{event['event_id']}/sections"), 200)["sections"]
        names = {"EVENT": event["event_id"], "SECTION": sections[0]["section_id"]}
        return [alike(answer, names) for answer in send(server, event, data)]

    def one_by_one(server, event, data):
        with contextlib.ExitStack() as stack:
            return [stack.enter_context(Wire(server.url)).send(request).answer() for request in data]

    new_password = {"current_password": people[1].password, "new_password": "another one"}
    expect(people[1].put("/api/v1/auth/change-password", new_password), 200)
    assert run(shared, together) == run(alone, one_by_one)
    assert sets(shared)[1] >= len(requests) and sets(alone) == [0, 0]


def test_other_kinds(serve, together, new_seated_event, crowd, sql):
    """Holds, confirmations and cancellations share transactions too, whether they name their event or not."""
    server, event = serve(**PATIENT), new_seated_event()
    people = [server.as_user(person) for person in crowd[:10]]

    def share(path, bodies):
        requests = [http_bytes("POST", path(body), json.dumps(body).encode(), who.token) for who, body in zip(people, bodies)]
        return [answer.json for answer in together(server, event, requests)]

    holds = share(lambda _: "/api/v1/seats/hold", [{"event_id": event["event_id"], "seat_ids": [f"A-{n + 1}"]} for n in range(10)])
    assert [hold["seat_ids"] for hold in holds] == [[f"A-{n + 1}"] for n in range(10)]
    # Who names no event joins those who do.
    events = [{"event_id": event["event_id"]}, {}] * 5
    bodies = [{"hold_id": hold["hold_id"], **named} for hold, named in zip(holds, events)]
    bookings = share(lambda _: "/api/v1/bookings/confirm", bodies)
    assert [(booking["hold_id"], booking["user_id"]) for booking in bookings] == [(hold["hold_id"], hold["user_id"]) for hold in holds]
    bodies = [{"booking_id": booking["booking_id"], "reason": "none", **named} for booking, named in zip(bookings, events)]
    cancellations = share(lambda body: f"/api/v1/bookings/{body['booking_id']}/cancel", bodies)
    assert [cancellation["booking_id"] for cancellation in cancellations] == [booking["booking_id"] for booking in bookings]
    assert sets(server) == [6, 30]
    transactions = sql(
        "SELECT type, count(*) FROM evently.outbox WHERE event_id = %s"
        " AND type IN ('HOLD_CREATED', 'BOOKING_CONFIRMED', 'BOOKING_CANCELLED') GROUP BY type, xid ORDER BY type, count(*)",
        event["event_id"],
    )
    assert [count for _, count in transactions] == [1, 9] * 3, transactions


def test_of_what_there_is_not(serve, connect, event, user):
    """Whose hold or booking is not there is told so alone."""
    server, nothing = serve(**PATIENT), "01a1fee9-0000-7000-8000-000000000000"
    with contextlib.ExitStack() as stack:
        with locked(connect, event):
            first = Together(server, stack).send(book_bytes(event, {"quantity": 1}, user))
            who = server.as_user(user)
            assert_error(who.post("/api/v1/bookings/confirm", {"hold_id": nothing}), 404, "HOLD_NOT_FOUND")
            assert_error(who.delete(f"/api/v1/bookings/{nothing}"), 404, "BOOKING_NOT_FOUND")
        expect(first.answer(), 201)


def test_bounds(serve, connect, new_event, crowd):
    """Who wants the hot event finds no place when half of them are taken; who wants another one does, and at once."""
    server, hot, quiet = serve(**PATIENT, EVENTLY_SET_QUEUE="6"), new_event(), new_event()
    buyers = [server.as_user(person) for person in crowd[:10]]
    with contextlib.ExitStack() as stack:
        with locked(connect, hot):
            queue = Together(server, stack)
            wires = [queue.send(book_bytes(hot, {"quantity": 1}, buyer)) for buyer in buyers[:4]]
            for buyer in buyers[4:]:
                refused = buyer.post(f"/api/v1/events/{hot['event_id']}/book", {"quantity": 1})
                assert_error(refused, 503, "UNAVAILABLE")
                assert int(refused.headers["retry-after"]) >= 1
            for buyer in buyers:
                buyer.book(quiet, quantity=1)
        assert [wire.answer().status for wire in wires] == [201] * 4
    assert buyers[0].available(hot) == 96
    assert level(server, "set_refused_total") == 6


def test_too_late(serve, connect, new_event, crowd):
    """Who has waited for too long is not sent any more, and told so; who came later is still served."""
    server, event = serve(**PATIENT, EVENTLY_REQUEST_TIMEOUT="2s"), new_event()
    with contextlib.ExitStack() as stack:
        with locked(connect, event):
            queue = Together(server, stack)
            first, second, third = [queue.send(book_bytes(event, {"quantity": 1}, person)) for person in crowd[:3]]
            began = time.monotonic()
            wait_until(lambda: time.monotonic() > began + 2, "the time is over")
            fourth = queue.send(book_bytes(event, {"quantity": 1}, crowd[3]))
        expect(first.answer(), 201)
        assert_error(second.answer(), 503, "UNAVAILABLE")
        assert_error(third.answer(), 503, "UNAVAILABLE")
        expect(fourth.answer(), 201)
    assert crowd[0].available(event) == 98


def test_a_client_leaves(serve, connect, new_event, crowd, sql):
    """It is booked all the same, under the key that was sent, and every neighbour gets his own answer."""
    server, event = serve(**PATIENT), new_event()
    buyers = [server.as_user(person) for person in crowd[:8]]
    with contextlib.ExitStack() as stack:
        with locked(connect, event):
            queue = Together(server, stack)
            keys = [f"{number}".ljust(200, "-") for number in range(len(buyers))]
            wires = [queue.send(book_bytes(event, {"quantity": 1}, buyer, key)) for buyer, key in zip(buyers, keys)]
            for wire in wires[::2]:
                wire.socket.close()
            gone = {"route": "/api/v1/events/{id}/book", "status": "499"}
            wait_until(lambda: value(server.client, "evently_http_requests_total", **gone) == 4, "the server has seen it")
        assert [expect(wire.answer(), 201)["user_id"] for wire in wires[1::2]] == [buyer.user_id for buyer in buyers[1::2]]
    wait_until(lambda: buyers[0].available(event) == 92, "all of them have booked")
    stored = dict(sql("SELECT user_id, key FROM evently.idempotency WHERE scope_id = %s", event["event_id"]))
    assert stored == {buyer.user_id: key for buyer, key in zip(buyers, keys)}


class Next:
    """A test's place in the queue for an event's lock."""

    def __init__(self, blocker, observe, lock):
        self.blocker = blocker
        self.observe = observe
        self.lock = lock

    def waiting(self):
        """The backends that wait for such a lock."""
        self.observe.execute(
            "SELECT pid FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return [pid for (pid,) in self.observe.fetchall()]

    def wait_for(self, count):
        wait_until(lambda: len(self.waiting()) == count, f"{count} wait")

    def let_go(self):
        self.lock.result()
        self.blocker.rollback()


@contextlib.contextmanager
def locked_next(connect, event):
    """Whoever waits for the event's lock gets it, then the test, and only when it lets go those behind."""
    with connect() as blocker, connect() as observer, ThreadPoolExecutor(1) as pool:
        observer.autocommit = True
        cursor = blocker.cursor()
        place = Next(blocker, observer.cursor(), None)
        place.wait_for(1)
        place.lock = pool.submit(cursor.execute, "SELECT FROM evently.lock_event(%s)", (event["event_id"],))
        place.wait_for(2)
        yield place
        place.let_go()


def test_the_connection_breaks(serve, connect, new_event, crowd, sql):
    """Nobody knows then what became of a set; with their keys everybody finds out, and each books once."""
    server, event = serve(**PATIENT), new_event()
    requests = [book_bytes(event, {"quantity": 1}, person, "in doubt") for person in crowd[:8]]
    with contextlib.ExitStack() as stack:
        with contextlib.ExitStack() as locks:
            locks.enter_context(locked(connect, event))
            queue = Together(server, stack)
            wires = [queue.send(request) for request in requests]
            place = stack.enter_context(locked_next(connect, event))
        expect(wires[0].answer(), 201)
        place.wait_for(1)
        sql("SELECT pg_terminate_backend(%s)", *place.waiting())
        for wire in wires[1:]:
            error = assert_error(wire.answer(), 503, "UNAVAILABLE")
            assert "is not known" in error["message"]
    wait_until(lambda: "a set of 7 failed: the database did not confirm the outcome" in server.log(), "the reason is logged")
    with contextlib.ExitStack() as stack:
        again = [stack.enter_context(Wire(server.url)).send(request) for request in requests]
        answers = [wire.answer() for wire in again]
    assert [answer.status for answer in answers] == [201] * 8
    assert answers[0].headers["idempotent-replay"] == "true"
    assert crowd[0].available(event) == 92


def test_busy(serve, connect, new_event, crowd, sql):
    """Somebody is in the middle of a call with the same key: that request waits for him alone, and has his answer."""
    server, event, buyers = serve(**PATIENT), new_event(), crowd[:5]
    with contextlib.ExitStack() as stack:
        with contextlib.ExitStack() as locks:
            locks.enter_context(locked(connect, event))
            queue = Together(server, stack)
            wires = [queue.send(book_bytes(event, {"quantity": 1}, buyer, "the same")) for buyer in buyers]
            place = stack.enter_context(locked_next(connect, event))
        expect(wires[0].answer(), 201)
        place.wait_for(1)
        book = "SELECT booking_id::text FROM evently.book(%s, %s, quantity => 1, payment => %s, idempotency_key => 'the same')"
        pool = stack.enter_context(ThreadPoolExecutor(1))
        his = pool.submit(sql, book, event["event_id"], buyers[3].user_id, '{"method": "mock"}')
        place.wait_for(2)
        place.let_go()
        answers = [wire.answer() for wire in wires[1:]]
        assert [answer.status for answer in answers] == [201] * 4
        assert [answer.headers.get("idempotent-replay") for answer in answers] == [None, None, "true", None]
        assert answers[2].json["booking_id"] == his.result()[0][0]
    assert level(server, "set_alone_total") == 1
    assert crowd[0].available(event) == 95


def test_a_set_fails(serve, together, new_event, crowd, sql):
    """What fails as a whole is tried in parts, and nobody notices."""
    server, event = serve(**PATIENT), new_event(total_capacity=5)
    sql("REVOKE EXECUTE ON FUNCTION evently.book_many FROM evently_api")
    try:
        answers = together(server, event, [book_bytes(event, {"quantity": 1}, person) for person in crowd[:8]])
    finally:
        sql("GRANT EXECUTE ON FUNCTION evently.book_many TO evently_api")
    assert sorted(answer.status for answer in answers) == [201] * 5 + [409] * 3


def test_one_spoils_a_set(serve, together, new_event, crowd, sql):
    """A request that no set can be made with costs its neighbours a few more transactions, not each one of his own."""
    server, event = serve(**PATIENT), new_event()
    sql("CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE numeric_value_out_of_range; END'")
    try:
        sql(
            "CREATE TRIGGER spoil BEFORE INSERT ON evently.booking FOR EACH ROW"
            f" WHEN (NEW.user_id = '{crowd[20].user_id}') EXECUTE FUNCTION spoil()"
        )
        answers = together(server, event, [book_bytes(event, {"quantity": 1}, person) for person in crowd[:33]])
    finally:
        sql("DROP FUNCTION spoil() CASCADE")
    assert [answer.status for answer in answers] == [201] * 20 + [400] + [201] * 12
    assert 5 <= level(server, "set_divided_total") <= 9
    assert sets(server)[0] < 20


def test_somebody_idles(serve, connect, new_event, crowd):
    """A booking of a transaction that nobody ends keeps sets out, not single calls: all go one by one then, for a while."""
    server, event = serve(**{**PATIENT, "EVENTLY_LOCK_TIMEOUT": "4s"}), new_event()
    with connect() as idle, connect() as observer, contextlib.ExitStack() as stack:
        observer.autocommit = True
        with locked(connect, event):
            queue = Together(server, stack)
            wires = [queue.send(book_bytes(event, {"quantity": 1}, person)) for person in crowd[:5]]
            booking = "SELECT FROM evently.book(%s, gen_random_uuid(), quantity => 1)"
            waits = stack.enter_context(ThreadPoolExecutor(1)).submit(idle.cursor().execute, booking, (event["event_id"],))
            Next(None, observer.cursor(), None).wait_for(2)
        waits.result()
        assert [wire.answer().status for wire in wires] == [201] * 5
        assert (level(server, "set_divided_total"), sets(server)) == (1, [6, 9])
        idle.rollback()


def test_turns(serve, connect, new_event, crowd, sql):
    """A single connection: who wants a quiet event need not wait until all who want the hot one are served."""
    server, hot, quiet = serve(**PATIENT, EVENTLY_DB_POOL="1", EVENTLY_SET_MAX="2"), new_event(), new_event()
    with contextlib.ExitStack() as stack:
        with locked(connect, hot):
            queue = Together(server, stack)
            wires = [queue.send(book_bytes(event, {"quantity": 1}, person)) for event, person in zip([hot] * 8 + [quiet], crowd)]
        for wire in wires:
            expect(wire.answer(), 201)
    transactions = sql(
        "SELECT event_id, count(*) FROM evently.outbox WHERE event_id IN (%s, %s) AND type = 'BOOKING_CONFIRMED'"
        " GROUP BY event_id, xid ORDER BY xid",
        hot["event_id"],
        quiet["event_id"],
    )
    in_order = [("hot" if event_id == hot["event_id"] else "quiet", count) for event_id, count in transactions]
    assert in_order == [("hot", 1), ("quiet", 1), ("hot", 2), ("hot", 2), ("hot", 2), ("hot", 1)]


def test_a_quiet_event_waits_for_nothing(serve, new_event, user):
    """One after the other: each is a set of its own, and none waits."""
    server, event = serve(**PATIENT), new_event()
    for _ in range(5):
        server.as_user(user).book(event, quantity=1)
    assert sets(server) == [5, 5]
