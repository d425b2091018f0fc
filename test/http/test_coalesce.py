"""Reads that ask the same at the same time share one call, and none of them is told anything old (design.md, section 7)."""

import gzip
import itertools
import json
import threading
import uuid
from contextlib import contextmanager

import pytest

from client import Client, Wire, assert_error, expect, http_bytes, in_parallel, spellings
from instance import wait_until
from test_metrics import value

PATIENT = {"EVENTLY_WORKERS": "1", "EVENTLY_LOCK_TIMEOUT": "20s", "EVENTLY_STATEMENT_TIMEOUT": "20s"}


@pytest.fixture
def server(serve):
    """One worker, so that requests meet in it."""
    return serve(**PATIENT)


@pytest.fixture
def closed(connect, sql):
    """Within it the table of events is locked: a read of one that is sent stays on its way."""

    @contextmanager
    def close():
        with connect() as connection, connection, connection.cursor() as cursor:
            cursor.execute("LOCK TABLE evently.event IN ACCESS EXCLUSIVE MODE")
            yield

    def is_on_its_way():
        return sql("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'evently_shim'")

    close.wait = lambda: wait_until(is_on_its_way, "a read waits for the table")
    return close


def arrived(server, count):
    wait_until(lambda: value(server.client, "evently_http_requests_in_progress") >= count, "all have arrived")


class Readers:
    """Requests on threads of their own, which wait for their answers."""

    def __init__(self, server):
        self.server = server
        self.threads = []
        self.answers = []

    def ask(self, *paths, count=1, **headers):
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        for path in paths * count:
            ask = lambda path=path: self.answers.append(self.server.client.request("GET", path, headers=sent))
            self.threads.append(threading.Thread(target=ask))
            self.threads[-1].start()
        arrived(self.server, len(self.threads))

    def all(self):
        for thread in self.threads:
            thread.join()
        return self.answers


def reads(server):
    return value(server.client, "evently_db_calls_total", lane="read")


def gather(server, closed, path, more=()):
    """One read that is on its way, and 20 that come after it; what they were told."""
    with closed():
        readers = Readers(server)
        readers.ask(path)
        closed.wait()
        readers.ask(path, count=20)
        for other in more:
            readers.ask(other)
    return readers.all()


def test_those_that_come_later_share_the_next_call(server, closed, event):
    """Never the one on its way, which may have looked already; never one each."""
    before = reads(server)
    answers = gather(server, closed, f"/api/v1/events/{event['event_id']}/availability")
    assert {answer.status for answer in answers} == {200}
    assert {answer.json["available_seats"] for answer in answers} == {100}
    assert len({answer.headers["x-request-id"] for answer in answers}) == 21
    assert reads(server) - before == 2
    assert value(server.client, "evently_http_coalesced_requests_total") == 19


def test_other_questions_have_their_own_answers(server, closed, new_event):
    one, other = new_event(), new_event(total_capacity=7)
    paths = [
        f"/api/v1/events/{other['event_id']}/availability",
        f"/api/v1/events/{other['event_id']}",
        f"/api/v1/events?q={other['name']}",
        f"/api/v1/events?q={other['name']}&limit=1",
        f"/api/v1/events?search={one['name']}",
    ]
    before = reads(server)
    answers = gather(server, closed, f"/api/v1/events/{one['event_id']}", more=paths)
    assert {answer.status for answer in answers} == {200}
    assert reads(server) - before == 2 + len(paths)
    answers.sort(key=lambda answer: len(answer.body))
    bodies = [json.loads(answer.body) for answer in answers]
    assert sum(body.get("name") == one["name"] for body in bodies) == 21
    assert sum(body.get("name") == other["name"] for body in bodies) == 1
    assert sorted(body["limit"] for body in bodies if "limit" in body) == [1, 20, 20]
    assert [body["available_seats"] for body in bodies if "last_updated" in body] == [7]


def test_an_id_is_one_question_however_it_is_spelt(server, closed, event):
    before = reads(server)
    path = f"/api/v1/events/{event['event_id']}/availability"
    more = [path.replace(event["event_id"], spelt) for spelt in itertools.islice(spellings(event["event_id"]), 20)]
    answers = gather(server, closed, path, more=more)
    assert {answer.json["event_id"] for answer in answers} == {event["event_id"]}
    assert (len(answers), reads(server) - before) == (41, 2)


def test_questions_of_one_hash_are_told_apart(server, closed):
    """Questions under way are found by a hash, and of so many some have the same."""
    limits = range(1, 101)
    with closed():
        readers = Readers(server)
        for _ in range(2):
            readers.ask(*(f"/api/v1/events?limit={limit}" for limit in limits))
    assert sorted(expect(answer, 200)["limit"] for answer in readers.all()) == sorted([*limits, *limits])


def test_a_refusal_is_everybodys(server, closed):
    answers = gather(server, closed, f"/api/v1/events/{uuid.uuid4()}")
    assert len(answers) == 21
    for answer in answers:
        assert_error(answer, 404, "EVENT_NOT_FOUND")


def test_each_in_the_form_that_it_accepts(serve, closed, new_seated_event):
    """Compressed once, for those that want it; 304 for who has it; the head alone for HEAD. What is kept would not be asked."""
    server = serve(**PATIENT, EVENTLY_KEEP_ANSWERS="0")
    event = new_seated_event(rows=20, seats_per_row=40)
    path = f"/api/v1/events/{event['event_id']}/seats"
    plain = server.client.get(path)
    assert len(plain.body) > 65536
    with closed():
        readers, headers = Readers(server), {"If-None-Match": plain.headers["etag"]}
        readers.ask(path)
        closed.wait()
        readers.ask(path, count=5)
        readers.ask(path, count=5, Accept_Encoding="gzip")
        readers.ask(path, count=5, **headers)
    answers = readers.all()
    kinds = [(answer.status, answer.headers.get("content-encoding")) for answer in answers]
    assert (kinds.count((200, None)), kinds.count((200, "gzip")), kinds.count((304, None))) == (6, 5, 5)
    for answer in answers:
        body = gzip.decompress(answer.body) if answer.headers.get("content-encoding") else answer.body
        assert body == (plain.body if answer.status == 200 else b"")
    assert value(server.client, "evently_http_compressed_responses_total") == 5


def test_who_leaves_takes_nothing_along(server, closed, event):
    path = f"/api/v1/events/{event['event_id']}/availability"
    with closed():
        readers = Readers(server)
        readers.ask(path)
        closed.wait()
        impatient = [Wire(server.url).send(http_bytes("GET", path)) for _ in range(5)]
        arrived(server, 6)
        readers.ask(path, count=3)
        for wire in impatient:
            wire.socket.close()
        gone = dict(status="499")
        wait_until(lambda: value(server.client, "evently_http_requests_total", **gone) == 5, "they are gone")
    assert [answer.status for answer in readers.all()] == [200] * 4
    assert server.client.get(path).status == 200


def test_a_question_that_nobody_waits_for_is_not_asked(server, closed, event):
    path = f"/api/v1/events/{event['event_id']}/availability"
    before = reads(server)
    with closed():
        readers = Readers(server)
        readers.ask(path)
        closed.wait()
        impatient = [Wire(server.url).send(http_bytes("GET", path)) for _ in range(5)]
        arrived(server, 6)
        for wire in impatient:
            wire.socket.close()
        wait_until(lambda: value(server.client, "evently_http_requests_total", status="499") == 5, "they are gone")
    assert [answer.status for answer in readers.all()] == [200]
    assert value(server.client, "evently_db_calls_total", lane="read", outcome="rows") == before + 1


def test_nobody_is_told_anything_old(url, new_user, new_event):
    """H15: who has booked sees that in his next read, whoever else asks the same all the time."""
    event, other = new_event(), new_event()
    path, buyer, over = f"/api/v1/events/{event['event_id']}/availability", new_user(), threading.Event()

    def watch(path, capacity):
        """What one after the other of his reads tells: never more than before."""
        client, seen = Client(url), [capacity]
        while not over.is_set():
            seen.append(expect(client.get(path), 200)["available_seats"])
        assert seen == sorted(seen, reverse=True)
        return len(seen)

    def buy():
        try:
            for left in range(99, 59, -1):
                buyer.book(event, quantity=1)
                assert expect(Client(url).get(path), 200)["available_seats"] == left
        finally:
            over.set()

    elsewhere = f"/api/v1/events/{other['event_id']}/availability"
    in_parallel([buy, *[lambda: watch(path, 100)] * 12, *[lambda: watch(elsewhere, 100)] * 4])


def test_a_large_answer_comes_before_the_next(server, new_seated_event):
    """It is sent without being copied; what the client sent behind its request has to wait, be it nonsense."""
    event = new_seated_event(rows=20, seats_per_row=40)
    path = f"/api/v1/events/{event['event_id']}/seats"
    one = http_bytes("GET", path)
    plain = server.client.get(path)
    with Wire(server.url).send(one + http_bytes("HEAD", path) + one + b"NONSENSE\r\n\r\n") as wire:
        assert wire.answer().body == plain.body
        assert wire.answer(head=True).headers["content-length"] == str(len(plain.body))
        assert wire.answer().body == plain.body
        assert wire.answer().status == 400
        assert wire.is_closed()
