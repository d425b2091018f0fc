"""Requests made at random of what /openapi.json says: whatever they are, the answer is no 5xx, one that is documented, and of the
form that is documented. On an instance of its own, whose events and accounts may come to any end.

EVENTLY_REQUESTS: how many, 400 by default. EVENTLY_SEED: another seed than the last one's, which is told. For very many:
    EVENTLY_REQUESTS=100000 make test ONLY=http/test_generated.py
"""

import json
import os

import jsonschema
import pytest

from client import Client, expect, unique
from conftest import PASSWORD, in_days
from generate import Generator, Known, Request, shrink
from instance import wait_until
from schema import check, check_refusal

REQUESTS = int(os.environ.get("EVENTLY_REQUESTS", 400))
SEED = os.environ.get("EVENTLY_SEED", "1")


class Crowd:
    """Who asks. Whoever cannot sign in any more, as his password, role or session was changed, is replaced."""

    def __init__(self, instance):
        self.instance = instance
        key = (instance.home / "internal_api_key").read_text()
        self.clients = {"nobody": instance.client, "service": Client(instance.url, internal_key=key)}
        self.replace_all()

    def replace_all(self):
        for name in ("ann", "bob", "manager", "admin"):
            self.replace(name)

    def replace(self, name):
        body = {"email": f"{unique(name)}@example.com", "password": PASSWORD, "name": name}
        session = expect(self.instance.client.post("/api/v1/auth/register", body), 201)
        if name in ("manager", "admin"):
            permissions = "{events:own}" if name == "manager" else None
            with self.instance.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT FROM evently.set_role(%s, 'admin', %s)", (body["email"], permissions))
            login = {"email": body["email"], "password": PASSWORD}
            session = expect(self.instance.client.post("/api/v1/auth/login", login), 200)
        self.clients[name] = self.instance.client.signed_in_as(session, PASSWORD)

    def people(self):
        return [client for client in self.clients.values() if client.user is not None]

    def make_things(self):
        """New people, events with tickets and with seats, one of them sold out, and what else may be asked for; the answers."""
        self.replace_all()
        admin, ann = self.clients["admin"], self.clients["ann"]
        body = {"name": "Show", "start_datetime": in_days(30), "base_price": 10}
        general, full = ({**body, "total_capacity": capacity} for capacity in (500, 1))
        section = {"name": "Stalls", "kind": "reserved", "rows": 10, "seats_per_row": 10}
        template = expect(admin.post("/api/v1/admin/venue-templates", {"name": "House", "sections": [section]}), 201)
        seated = {**body, "venue_template_id": template["venue_template_id"]}
        events = [expect(admin.post("/api/v1/admin/events", event), 201) for event in (general, seated, full)]
        ann.book(events[2], quantity=1)
        tag = expect(admin.post("/api/v1/admin/tags", {"name": unique("Tag")}), 201)
        return [template, *events, tag, ann.seats(events[1]), ann.hold(events[0], quantity=1), ann.book(events[0], quantity=2)]

    def send(self, request):
        return self.clients[request.who].request(request.method, request.address(), request.payload(), request.headers)


def fault_of(document, operation, answer):
    """What is wrong with an answer, or None."""
    if answer.status >= 500:
        return f"{answer.status}"
    try:
        if answer.status >= 400:
            check_refusal(document, operation, answer)
            return None
        assert str(answer.status) in operation["responses"], f"status {answer.status} is not documented"
        content = operation["responses"][str(answer.status)]["content"]
        kind = answer.headers["content-type"].split(";")[0]
        if kind == "application/json":
            check(document, content[kind]["schema"], answer.json)
    except (AssertionError, jsonschema.ValidationError) as error:
        return str(error).split("\n", 1)[0]
    return None


@pytest.fixture(scope="module")
def crowd_of_instance(instance):
    wait_until(instance.is_ready, "the instance is ready")
    yield Crowd(instance)
    with instance.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM evently.verify()")
        assert cursor.fetchall() == []


def test_answers_to_anything(crowd_of_instance):
    """H74, S3-GW-9."""
    crowd = crowd_of_instance
    document = json.loads(crowd.clients["nobody"].get("/openapi.json").body)
    known = Known(crowd.people())
    generator = Generator(document, known, SEED)
    successes = 0
    for number in range(REQUESTS):
        if number % 100 == 0:  # what was there before has come to its end
            known.learn(crowd.make_things())
            known.meet(crowd.people())
        request, operation = generator.make(number)
        answer = crowd.send(request)
        fault = fault_of(document, operation, answer)
        if fault is not None:
            small = shrink(request, lambda candidate: fault_of(document, operation, crowd.send(candidate)) == fault)
            pytest.fail(f"seed {SEED}, number {number}: {fault}\n{small}\nmade of: {request}\nits answer: {answer}")
        if answer.status < 300:
            successes += 1
            if request.method == "POST" and answer.headers["content-type"] == "application/json":
                known.learn(answer.json)
        elif answer.status == 401 and crowd.clients[request.who].token is not None:
            crowd.replace(request.who)
            known.meet(crowd.people())
    assert successes > REQUESTS / 10, "hardly anything was asked for in a sensible way"


def test_what_shows_a_fault_is_made_small():
    request = Request("POST", "/x/{id}", {"id": "1"}, {"a": "1", "b": "2"}, {"k": "v"}, {"n": "aaaaaaab", "m": [1, 2], "o": 5}, "ann")
    small = shrink(request, lambda candidate: "a" in str(candidate.body.get("n", "")) and "b" in candidate.query)
    assert small == Request("POST", "/x/{id}", {"id": "1"}, {"b": "2"}, {}, {"n": "a"}, "ann")
