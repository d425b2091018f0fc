"""HTTP as no library would write it (test-notes.md, kore-notes.md): a clear answer or a closed connection, never a hang,
and never somebody else's answer."""

import random
import time

import pytest

from client import Wire, assert_error, expect, http_bytes, in_parallel, unique

HEALTH = http_bytes("GET", "/healthz")


def refused(url, data, *statuses):
    """Sends it; there must be one answer with one of these statuses and then the end, or just the end."""
    with Wire(url).send(data) as wire:
        answer = wire.answer()
        if answer is not None:
            assert answer.status in statuses, answer
            assert answer.headers["x-request-id"]
            assert wire.is_closed()
            return answer


def login(headers, body=b'{"email":"a@example.com","password":"x"}'):
    return b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\n" + body


AMBIGUOUS = {
    "two different lengths": (b"Content-Length: 40\r\nContent-Length: 5", 400),
    "a list of lengths": (b"Content-Length: 40, 40", 400),
    "length and chunked": (b"Content-Length: 40\r\nTransfer-Encoding: chunked", 400),
    "chunked and length": (b"Transfer-Encoding: chunked\r\nContent-Length: 40", 400),
    "chunked": (b"Transfer-Encoding: chunked", 411),
    "chunked in capitals": (b"TRANSFER-ENCODING: CHUNKED", 411),
    "other transfer coding": (b"Transfer-Encoding: gzip, chunked", 411, 501),
    "identity": (b"Transfer-Encoding: identity", 400, 411, 501),
    "tab before chunked": (b"Transfer-Encoding:\tchunked", 411),
    "length with a plus": (b"Content-Length: +3", 400),
    "negative length": (b"Content-Length: -3", 400),
    "hexadecimal length": (b"Content-Length: 0x28", 400),
    "length of two words": (b"Content-Length: 4 0", 400),
    "empty length": (b"Content-Length:", 400),
    "fraction": (b"Content-Length: 4.0", 400),
    "length beyond all numbers": (b"Content-Length: 99999999999999999999999", 400, 413),
    "length of an exabyte": (b"Content-Length: 1152921504606846976", 413),
    "blank before the colon": (b"Content-Length : 40", 400),
    "blank before the name": (b"X: y\r\n Content-Length: 40", 400),
    "no colon": (b"Content-Length 40", 400),
    "no name": (b": 40", 400),
    "NUL in a value": (b"X-Odd: a\x00b", 400),
    "NUL in a name": (b"X\x00Odd: a", 400),
    "carriage return in a value": (b"X-Odd: a\rb", 400),
    "bare line feed between fields": (b"X-Odd: a\nContent-Length: 40", 400),
}  # fmt: skip


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_nobody_can_tell_where_the_body_ends(url, kind):
    """Refused, and the connection closed: what follows must not be taken for a request."""
    headers, *statuses = AMBIGUOUS[kind]
    refused(url, login(headers) + HEALTH, *statuses)


def test_equal_lengths_may_stand_twice(url):
    """RFC 9110 8.6: refused, or read as one."""
    body = b'{"email":"a@example.com","password":"x"}'
    length = b"Content-Length: %d" % len(body)
    with Wire(url).send(login(length + b"\r\n" + length, body)) as wire:
        assert wire.answer().status in (400, 401)


def test_chunked_body_is_not_taken_for_requests(url):
    refused(url, login(b"Transfer-Encoding: chunked", b"28\r\n" + b"x" * 40 + b"\r\n0\r\n\r\n") + HEALTH, 411)


BROKEN = {
    "garbage": b"\x00\xff\x00\xff" * 20 + b"\r\n\r\n",
    "TLS": bytes.fromhex("16030100f8010000f40303") + b"\x01" * 60 + b"\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "HTTP/3.7": b"GET /healthz HTTP/3.7\r\nHost: x\r\n\r\n",
    "no version": b"GET /healthz \r\nHost: x\r\n\r\n",
    "blank in the address": b"GET /health z HTTP/1.1\r\nHost: x\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "NUL in the address": b"GET /health\x00z HTTP/1.1\r\nHost: x\r\n\r\n",
    "control character in the address": b"GET /health\x01z HTTP/1.1\r\nHost: x\r\n\r\n",
    "raw UTF-8 in the address": "GET /h\u00e9 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "no leading slash": b"GET healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "only line ends": b"\r\n\r\n\r\n\r\n",
    "unknown method": b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
    "long address": b"GET /" + b"a" * 10000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "long field": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20000 + b"\r\n\r\n",
    "header flood": b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n",
    "endless header": b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 20000,
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_request(url, kind):
    with Wire(url).send(BROKEN[kind]) as wire:
        answer = wire.answer()
        assert answer is None or answer.status in (400, 404, 405, 414, 431, 501, 505), answer


def test_bare_line_feeds(url):
    """test-notes.md: lines end with CR LF, and with nothing else."""
    refused(url, HEALTH.replace(b"\r\n", b"\n"), 400)


def test_status_and_code_agree(url):
    """A 404 does not say BAD_REQUEST."""
    with Wire(url).send(BROKEN["no leading slash"]) as wire:
        answer = wire.answer()
        assert (answer.status, answer.code) in [(400, "BAD_REQUEST"), (404, "ROUTE_NOT_FOUND")], answer


def test_some_headers_more_than_usual(url, user):
    """40 fields in front of it do not make the Authorization disappear."""
    fields = [f"X-Field-{n}: {n}" for n in range(40)]
    with Wire(url).send(http_bytes("GET", "/api/v1/auth/me", token=user.token, headers=fields)) as wire:
        assert expect(wire.answer(), 200)["user_id"] == user.user_id


@pytest.mark.parametrize("name", ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-Internal-API-Key"])
def test_header_that_stands_twice(url, user, event, name):
    """Never a guess, be they different or equal: a proxy in front of us may have gone by the other one."""
    body = b'{"quantity": 1}'
    values = {"Authorization": f"Bearer {user.token}", "Content-Type": "application/json"}
    value = values.get(name, "x")
    token = None if name == "Authorization" else user.token
    path = f"/api/v1/events/{event['event_id']}/book"
    for other in (value, "y", ""):
        headers = [f"{name}: {value}", f"{name.lower()}: {other}"]
        with Wire(url).send(http_bytes("POST", path, body, token, headers)) as wire:
            assert_error(wire.answer(), 400, "VALIDATION_ERROR", name.lower())
    assert user.available(event) == 100


HOSTS = {
    "two": b"a\r\nHost: b",
    "two equal": b"a\r\nhost: a",
    "a list": b"a, b",
    "of two words": b"a b",
    "with a path": b"a/b",
    "with a name": b"me@a",
    "with a query": b"a?b",
    "empty": b"",
    "only a port": b":80",
    "a port that is none": b"a:b",
    "half an address": b"[::1",
    "raw UTF-8": "h\u00e9".encode(),
}


@pytest.mark.parametrize("kind", HOSTS)
def test_host_that_is_none(url, kind):
    answer = refused(url, b"GET /healthz HTTP/1.1\r\nHost: " + HOSTS[kind] + b"\r\n\r\n" + HEALTH, 400)
    assert_error(answer, 400, "BAD_REQUEST")


@pytest.mark.parametrize("host", ["a", "a.example.com:80", "my_host", "192.0.2.1:8080", "[::1]", "[2001:db8::1]:443", "a:"])
def test_hosts(url, host):
    with Wire(url).send(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()) as wire:
        assert wire.answer().status == 200


def test_query_that_says_something_twice(anonymous, new_event):
    """Never a guess. A list may be given in parts."""
    one, other, both = ({"tags": [unique("tag") for _ in range(count)]} for count in (1, 1, 0))
    both["tags"] = one["tags"] + other["tags"]
    for fields in (one, other, both):
        new_event(**fields)
    found, in_parts = (
        expect(anonymous.get(f"/api/v1/events?{query}"), 200)["total"]
        for query in ("tags=" + ",".join(both["tags"]), "&".join(f"tags={tag}" for tag in both["tags"]))
    )
    assert found == in_parts != expect(anonymous.get("/api/v1/events", tags=one["tags"][0]), 200)["total"]
    for twice in ("limit=1&limit=2", "limit=1&limit=1", "limit=&limit=1", "q=a&limit=1&q=b"):
        answer = anonymous.get(f"/api/v1/events?{twice}")
        assert_error(answer, 400, "VALIDATION_ERROR", twice.split("=")[0])
    assert anonymous.get("/api/v1/events?nothing=1&nothing=2").status == 200


def test_keep_alive(url, user):
    """Many requests on one connection, each answered."""
    with Wire(url) as wire:
        for _ in range(20):
            assert wire.send(HEALTH).answer().status == 200
            assert (
                expect(wire.send(http_bytes("GET", "/api/v1/auth/me", token=user.token)).answer(), 200)["email"] == user.email
            )
            assert wire.send(http_bytes("HEAD", "/healthz")).answer(head=True).status == 200
            assert wire.send(http_bytes("GET", "/nowhere")).answer().status == 404


def test_connection_close_is_obeyed(url):
    with Wire(url).send(http_bytes("GET", "/healthz", headers=["Connection: close"])) as wire:
        assert wire.answer().status == 200
        assert wire.is_closed()


def test_http_1_0(url):
    """Answered, and closed without keep-alive."""
    with Wire(url).send(b"GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n") as wire:
        answer = wire.answer()
        assert answer.status in (200, 505)
        assert wire.is_closed()


def test_pipelined_requests(url, user, other_user):
    """Sent in one go: answered in order, each to its own user; a server that will not has to close, not to drop."""
    people = [user, other_user] * 5
    requests = b"".join(http_bytes("GET", "/api/v1/auth/me", token=person.token) for person in people)
    with Wire(url).send(requests) as wire:
        answered = 0
        for person in people:
            answer = wire.answer()
            if answer is None:
                break
            assert expect(answer, 200)["user_id"] == person.user_id
            answered += 1
        assert answered >= 1


def test_pipelined_after_a_body(url, user, event):
    hold = b'{"event_id": "%s", "quantity": 1}' % event["event_id"].encode()
    with Wire(url).send(http_bytes("POST", "/api/v1/seats/hold", hold, user.token) + HEALTH) as wire:
        expect(wire.answer(), 201)
        second = wire.answer()
        assert second is None or second.json == {"status": "ok"}
    assert user.available(event) == 99


def test_body_on_get_is_ignored(url, user):
    """api.md: read and ignored; it is neither an error nor the next request."""
    smuggled = http_bytes("DELETE", "/api/v1/nothing")
    for path in ("/healthz", "/api/v1/auth/me"):
        with Wire(url) as wire:
            answer = wire.send(http_bytes("GET", path, smuggled, user.token)).answer()
            assert answer.status == 200
            assert wire.send(http_bytes("GET", "/nowhere")).answer().status == 404
            assert wire.send(HEALTH).answer().json == {"status": "ok"}


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "GET", "HEAD", "POST", "PUT", "PATCH"])
def test_body_on_any_method_and_a_second_request(url, admin, event, method):
    """kore-notes.md: bodies of GET, DELETE and OPTIONS were left on the wire. Also in two packets."""
    path = f"/api/v1/admin/events/{event['event_id']}"
    body = b'{"version": 99, "name": "x"}'
    request = http_bytes(method, path, body, admin.token)
    for first, second in [(request, b""), (request[: -len(body)], body), (request[:-3], request[-3:])]:
        with Wire(url).send(first) as wire:
            if second:
                time.sleep(0.02)  # so that they travel apart; nothing depends on it
                wire.send(second)
            answer = wire.answer(head=method == "HEAD")
            assert answer.status in {"GET": [200], "HEAD": [200], "OPTIONS": [204], "POST": [405]}.get(method, [409]), answer
            following = wire.send(HEALTH).answer()
            assert following is None and method == "POST" or following.json == {"status": "ok"}


def test_delete_with_version(url, admin, new_event):
    """S2-EVA-3: the body of DELETE is read, and the connection goes on."""
    with Wire(url) as wire:
        for _ in range(3):
            event = new_event()
            path = f"/api/v1/admin/events/{event['event_id']}"
            assert_error(
                wire.send(http_bytes("DELETE", path, b'{"version": 7}', admin.token)).answer(), 409, "CONCURRENT_UPDATE"
            )
            gone = expect(wire.send(http_bytes("DELETE", path, b'{"version": 1}', admin.token)).answer(), 200)
            assert gone["event_id"] == event["event_id"]


def test_oversized_body_and_a_second_request(url, user):
    """A body just over the limit is dropped and answered; what follows is read as a request, or the connection closed."""
    with Wire(url).send(http_bytes("POST", "/api/v1/seats/hold", b"x" * (1024 * 1024 + 5), user.token)) as wire:
        assert_error(wire.answer(), 413, "BODY_TOO_LARGE")
        following = wire.send(HEALTH).answer()
        assert following is None or following.json == {"status": "ok"}


def test_expect_continue(url, user, event):
    """With Expect: 100-continue curl waits before it sends a larger body."""
    body = b'{"event_id": "%s", "quantity": 1}' % event["event_id"].encode()
    request = http_bytes("POST", "/api/v1/seats/hold", body, user.token, ["Expect: 100-continue"])
    with Wire(url).send(request[: -len(body)]) as wire:
        first = wire.answer()
        if first.status == 100:
            first = wire.send(body).answer()
        assert first.status in (201, 417), first


def test_absolute_address(url):
    """RFC 9112 3.2.2: a server must take it; a clear refusal will do."""
    with Wire(url).send(b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") as wire:
        answer = wire.answer()
        assert answer is None or answer.status in (200, 400, 404)


def test_trickling_client(url, user, event):
    """Byte by byte: slow, but complete, so it is served."""
    body = b'{"event_id": "%s", "quantity": 1}' % event["event_id"].encode()
    with Wire(url) as wire:
        for byte in http_bytes("POST", "/api/v1/seats/hold", body, user.token):
            wire.send(bytes([byte]))
        expect(wire.answer(), 201)


def test_half_close(url, user, event):
    """A client that shuts its side after sending: an answer or the end, and no hang."""
    body = b'{"event_id": "%s", "quantity": 1}' % event["event_id"].encode()
    for request in (
        HEALTH,
        http_bytes("GET", "/api/v1/auth/me", token=user.token),
        http_bytes("POST", "/api/v1/seats/hold", body, user.token),
    ):
        with Wire(url).send(request).half_close() as wire:
            answer = wire.answer()
            assert answer is None or answer.status in (200, 201)
    for part in (HEALTH[:10], HEALTH[:-2], http_bytes("POST", "/api/v1/seats/hold", body, user.token)[:-5], b""):
        with Wire(url).send(part).half_close() as wire:
            answer = wire.answer()
            assert answer is None or answer.status in (400, 408)


def test_stuck_clients(url, user):
    """Those who stop in the middle keep nobody waiting; a header that does not arrive ends with 408 (slow, but once)."""
    headers = [Wire(url).send(part) for part in (b"GET", b"GET /healthz HTTP/1.1\r\nHos", HEALTH[:-2])]
    bodies = [Wire(url).send(http_bytes("POST", "/api/v1/seats/hold", b"x" * 50, user.token)[:-10]) for _ in range(20)]
    try:
        for _ in range(20):
            with Wire(url).send(HEALTH) as other:
                assert other.answer().status == 200
        for wire in headers:
            assert_error(wire.answer(), 408, "REQUEST_TIMEOUT")
            assert wire.is_closed()
    finally:
        for wire in headers + bodies:
            wire.socket.close()


def test_everybody_gets_his_own_answer(url, crowd, seated_event):
    """kore-notes.md: clients that leave in the middle of a query once gave one user another user's answer."""
    request = [http_bytes("GET", "/api/v1/auth/me", token=person.token) for person in crowd]
    taken = [
        http_bytes(
            "POST",
            "/api/v1/seats/hold",
            b'{"event_id": "%s", "seat_ids": ["A-1"]}' % seated_event["event_id"].encode(),
            person.token,
        )
        for person in crowd
    ]

    def leave(seed):
        chance = random.Random(seed)
        for _ in range(100):
            i = chance.randrange(len(crowd))
            with Wire(url) as wire:
                wire.send(chance.choice([request[i], taken[i], request[i][:-1], request[i] * 3]))

    def stay(i):
        for _ in range(10):
            with Wire(url) as wire:
                for _ in range(10):
                    assert expect(wire.send(request[i]).answer(), 200)["user_id"] == crowd[i].user_id

    in_parallel([lambda i=i: leave(i) for i in range(4)] + [lambda i=i: stay(i) for i in range(8)])
    assert crowd[0].seat_statuses(seated_event)["A-1"] in ("held", "available")


def test_many_connections(url):
    """300 open at once, all served."""
    wires = [Wire(url) for _ in range(300)]
    try:
        for wire in wires:
            wire.send(HEALTH)
        assert {wire.answer().status for wire in wires} == {200}
    finally:
        for wire in wires:
            wire.socket.close()
