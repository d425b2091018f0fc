"""A hostile client: somebody else's things by every route, headers planted through values, tokens forged in rarer ways, and crowds that
say nothing. What is no HTTP is in test_protocol.py, what is no JSON in test_errors.py, broken tokens are in test_jwt.py."""

import json
import os
import resource
import socket

import pytest

import tokens
from client import Client, assert_error, expect
from routes import all_routes
from test_metrics import value

IDLE = int(os.environ.get("EVENTLY_IDLE", 2000))

# Whose it is, by the path; all that no user owns is free to be looked at.
OWNED = {
    "/seats/hold/{id}": lambda victim: victim.hold_id,
    "/bookings/{id}": lambda victim: victim.booking_id,
    "/cancellations/{id}": lambda victim: victim.cancellation_id,
    "/users/{id}": lambda victim: victim.user_id,
}
OF_NOBODY = ("/events/{id}", "/sections/{id}", "/seats/{id}", "/waitlist/{event_id}", "/waitlist/status/{event_id}")
MANAGED = {
    "/admin/events/{id}": lambda victim: victim.event_id,
    "/admin/bookings/{id}": lambda victim: victim.booking_id,
    "/admin/waitlist/": lambda victim: victim.event_id,
    "/analytics/admin/events/{id}": lambda victim: victim.event_id,
}
# Accounts, layouts and tags are every administrator's.
SHARED = tuple(f"/admin/{kind}/{{id}}" for kind in ("users", "venues", "venue-templates", "sections", "seats", "tags"))
# Where the document's example is of another field of that name.
BODIES = {"PUT /api/v1/admin/events/{id}/sale-status": {"status": "sold_out"}}


def with_ids(access):
    return [route for route in all_routes() if route.access == access and "{" in route.path]


def owner_of(route, kinds, of_nobody):
    """What finds the id in the path; None for what is nobody's. A new kind of thing has to be named above."""
    for part, find in kinds.items():
        if part in route.path:
            return find
    assert any(part in route.path for part in of_nobody), f"whose is the thing at {route}?"
    return None


class Victim:
    """Somebody with one of each."""

    def __init__(self, person, event):
        self.person = person
        self.user_id = person.user_id
        self.event_id = event["event_id"]
        self.booking_id = person.book(event, quantity=1)["booking_id"]
        self.hold_id = person.hold(event, quantity=1)["hold_id"]
        cancelled = person.book(event, quantity=1)["booking_id"]
        self.cancellation_id = expect(person.delete(f"/api/v1/bookings/{cancelled}"), 200)["cancellation_id"]

    def things(self):
        """All that is his, as it is now, but for what time alone changes."""
        things = [
            expect(self.person.get(path), 200)
            for path in (
                "/api/v1/auth/me",
                f"/api/v1/bookings/{self.booking_id}",
                f"/api/v1/bookings/{self.booking_id}/payments",
                f"/api/v1/cancellations/{self.cancellation_id}",
                f"/api/v1/users/{self.user_id}/holds",
                f"/api/v1/events/{self.event_id}",
            )
        ]
        for hold in next(thing["holds"] for thing in things if "holds" in thing):
            del hold["ttl_seconds"]
        return things


@pytest.fixture(scope="module")
def victim(new_user, new_event):
    return Victim(new_user(), new_event())


@pytest.fixture(scope="module")
def document(url):
    return json.loads(Client(url).get("/openapi.json").body)


def send(document, who, route, find, victim):
    """The request with the document's own example as its body, so that nothing but the owner is wrong with it."""
    operation = document["paths"][route.path][route.method.lower()]
    example = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    before, _, rest = route.path.partition("{")
    return who.request(route.method, before + find(victim) + rest.partition("}")[2], BODIES.get(str(route), example))


def require_refused(document, strangers, route, find, victim):
    """None of them gets anywhere with the victim's thing, and all of the victim's things stay as they are."""
    if find is None:
        return
    before = victim.things()
    for who in strangers:
        answer = send(document, who, route, find, victim)
        assert answer.status in (403, 404), answer
    assert victim.things() == before


@pytest.mark.parametrize("route", with_ids("USER"), ids=str)
def test_somebody_elses_things(document, victim, other_user, own_events_admin, route):
    """H02, H61: neither another user nor an administrator of other events may see or change them, and they stay as they are."""
    require_refused(document, (other_user, own_events_admin), route, owner_of(route, OWNED, OF_NOBODY), victim)


@pytest.mark.parametrize("route", with_ids("ADMIN"), ids=str)
def test_somebody_elses_events(document, victim, own_events_admin, other_user, route):
    """H61: an administrator of his own events does not manage those of another one; a user nobody's."""
    require_refused(document, (other_user, own_events_admin), route, owner_of(route, MANAGED, SHARED), victim)


def test_confirming_somebody_elses_hold(victim, other_user, own_events_admin):
    """H02: the hold is named in the body."""
    before = victim.things()
    for who in (other_user, own_events_admin):
        answer = who.post("/api/v1/bookings/confirm", {"hold_id": victim.hold_id})
        assert answer.status in (403, 404), answer
    assert victim.things() == before


PLANTED = "x%0d%0aX-Planted: yes%0d%0a%0d%0a<script>alert(1)</script>"


@pytest.mark.parametrize(
    "path",
    [
        f"/api/v1/{PLANTED}",
        f"/api/v1/events/{PLANTED}",
        f"/api/v1/events?{PLANTED}=1",
        f"/api/v1/events?q={PLANTED}",
        f"/api/v1/tags/slug/{PLANTED}",
        f"/docs/{PLANTED}",
    ],
)
def test_no_header_comes_of_a_value(anonymous, path):
    """A line end in an address is no line end in the answer."""
    answer = anonymous.get(path.replace(" ", "%20").replace("<", "%3C").replace(">", "%3E"))
    assert answer.status < 500
    assert "x-planted" not in {name.lower() for name in answer.headers}
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("header", ["X-Request-Id", "Origin", "Idempotency-Key", "If-None-Match", "Accept", "X-Forwarded-For", "Last-Event-ID"])
@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '","admin":true,"x":"', "%0d%0aX-Planted: yes", "\xff\xfe", "a" * 4000])
def test_odd_header_values(user, event, header, text):
    """Whatever stands in a header, the answer is JSON and the booking is made once or refused."""
    left = user.available(event)
    answer = user.request("POST", f"/api/v1/events/{event['event_id']}/book", {"quantity": 1}, headers={header: text})
    assert answer.status in (201, 400), answer
    assert "x-planted" not in {name.lower() for name in answer.headers}
    assert isinstance(answer.json, dict)
    assert user.available(event) == left - (answer.status == 201)


def claims_with(text):
    """A payload that json.dumps() would not write, under a right signature; {claims} are the usual ones."""

    def make(person):
        usual = json.dumps(tokens.good_claims(person.user_id))[1:-1]
        return tokens.sign(f"{tokens.encode({'alg': 'HS256'})}.{tokens.encode(text.replace('{claims}', usual).encode())}")

    return make


def header_with(text):
    return lambda person: tokens.sign(f"{tokens.encode(text.encode())}.{tokens.encode(tokens.good_claims(person.user_id))}")


def claim(**changes):
    return lambda person: tokens.make({**tokens.good_claims(person.user_id), **changes})


NOBODY = "00000000-0000-0000-0000-000000000000"
FORGED = {
    "critical extension that is known": header_with('{"alg":"HS256","crit":["alg"]}'),
    "two algs": header_with('{"alg":"HS256","alg":"none"}'),
    "two algs, the right one last": header_with('{"alg":"none","alg":"HS256"}'),
    "header cut off": header_with('{"alg":"HS256"'),
    "header with NUL": header_with('{"alg":"HS256\\u0000none"}'),
    "two roles": claims_with('{{claims},"role":"admin"}'),
    "two subjects": claims_with('{"sub":"' + NOBODY + '",{claims}}'),
    "two expiries": claims_with('{{claims},"exp":99999999999}'),
    "claim spelled with an escape": claims_with('{{claims},"\\u0072ole":"admin"}'),
    "more behind it": claims_with("{{claims}}{}"),
    "byte order mark": claims_with("\ufeff{{claims}}"),
    "nested deeply": claims_with('{{claims},"x":' + "[" * 2000 + "]" * 2000 + "}"),
    "exp is a fraction": claim(exp=1e300),
    "exp is infinite": claims_with('{{claims},"nbf":1e999}'),
    "ver is text": claim(ver="1"),
    "ver is a fraction": claim(ver=1.5),
    "ver is negative": claim(ver=-1),
    "ver is beyond any number": claim(ver=10**30),
    "ver missing": lambda person: tokens.make({k: v for k, v in tokens.good_claims(person.user_id).items() if k != "ver"}),
    "role is a list": claim(role=["admin"]),
    "role with NUL": claim(role="user\0admin"),
    "nobody's subject": claim(sub=NOBODY),
    "keyed by its own header": lambda person: tokens.make(
        tokens.good_claims(person.user_id), {"alg": "HS256", "jwk": {"kty": "oct", "k": tokens.encode(b"mine")}}, key=b"mine"
    ),
    "key by address": lambda person: tokens.make(
        tokens.good_claims(person.user_id), {"alg": "HS256", "jku": "http://127.0.0.1:1/keys", "kid": "../../dev/null"}, key=b""
    ),
}


@pytest.mark.parametrize("kind", FORGED)
def test_forged_token(other_user, kind):
    """H65: what is said twice, spelled otherwise, no number, or names its own key."""
    answer = other_user.with_token(FORGED[kind](other_user)).get("/api/v1/auth/me")
    assert_error(answer, 401, "UNAUTHORIZED")


def test_idle_connections(serve, event):
    """Thousands who say nothing, or begin a request and stop, keep nobody waiting, and cost a few kilobytes each."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    server = serve(EVENTLY_WORKERS="1", EVENTLY_MAX_CONNECTIONS="20000")

    def memory():
        return value(server.client, "process_resident_memory_bytes", process="worker-1")

    expect(server.client.get(f"/api/v1/events/{event['event_id']}"), 200)
    before = memory()
    idle = []
    try:
        for number in range(IDLE):
            connection = socket.create_connection(("127.0.0.1", server.port))
            idle.append(connection)
            if number % 2:
                connection.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        for _ in range(20):
            expect(server.client.get(f"/api/v1/events/{event['event_id']}"), 200)
        assert memory() - before < IDLE * 32 * 1024
    finally:
        for connection in idle:
            connection.close()
    expect(server.client.get(f"/api/v1/events/{event['event_id']}"), 200)
