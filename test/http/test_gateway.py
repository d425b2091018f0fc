"""What stands before every route: CORS, security headers, the log, HEAD and OPTIONS, compression, validators, TLS."""

import contextlib
import fcntl
import gzip
import http.client
import itertools
import json
import re
import subprocess
import sys
import termios

import pytest

from client import Answer, Wire, assert_error, expect, http_bytes, in_parallel, unique
from conftest import PASSWORD
from instance import wait_until
from server import PROGRAM, Server, run_with

ORIGIN = "https://tickets.example.com"


def ask(client, path, method="GET", **headers):
    return client.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def preflight(client, path, origin=ORIGIN):
    return ask(client, path, "OPTIONS", origin=origin, access_control_request_method="POST")


# CORS


def test_cors_by_default(anonymous, event):
    """S3-GW-1, S3-GW-5, S5-GW-5, S5-TEST-3: every origin may read, without credentials."""
    answer = ask(anonymous, "/api/v1/events", origin=ORIGIN)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    for name in ("X-Request-Id", "ETag", "Retry-After", "RateLimit", "Idempotent-Replay"):
        assert name in answer.headers["access-control-expose-headers"].split(", ")
    assert "access-control-allow-origin" not in anonymous.get("/api/v1/events").headers
    error = ask(anonymous, "/api/v1/auth/me", origin=ORIGIN)
    assert (error.status, error.headers["access-control-allow-origin"]) == (401, "*")


def test_preflight(anonymous):
    answer = preflight(anonymous, "/api/v1/seats/hold")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-methods"] == "POST, OPTIONS"
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", "idempotency-key", "if-match"} <= set(allowed)
    assert int(answer.headers["access-control-max-age"]) > 0
    assert_error(preflight(anonymous, "/nowhere"), 404, "ROUTE_NOT_FOUND")


def test_cors_of_some_origins(serve):
    client = serve(EVENTLY_CORS_ORIGINS=f"http://localhost:5173, {ORIGIN}").client
    for origin in (ORIGIN, "http://localhost:5173"):
        answer = ask(client, "/healthz", origin=origin)
        assert answer.headers["access-control-allow-origin"] == origin
        assert "Origin" in answer.headers["vary"]
    for origin in ("https://evil.example.com", "null", f"{ORIGIN}.evil.com", "https://tickets.example.co"):
        answer = ask(client, "/healthz", origin=origin)
        assert "access-control-allow-origin" not in answer.headers
        assert "Origin" in answer.headers["vary"]
        assert "access-control-allow-methods" not in preflight(client, "/healthz", origin).headers


def test_cors_off(serve):
    answer = ask(serve(EVENTLY_CORS_ORIGINS="none").client, "/healthz", origin=ORIGIN)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


# Security headers


def test_security_headers(url, anonymous, user):
    """S3-GW-9: on answers, on errors, and on what Kore refuses by itself."""
    answers = [anonymous.get("/api/v1/events"), user.get("/api/v1/auth/me"), anonymous.get("/nowhere")]
    with Wire(url).send(b"GET / HTTP/3.7\r\nHost: x\r\n\r\n") as wire:
        answers.append(wire.answer())
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "strict-transport-security" not in answer.headers, "without TLS it means nothing"


# HEAD and OPTIONS


def test_head_is_get_without_a_body(url, event):
    path = f"/api/v1/events/{event['event_id']}"
    with Wire(url) as wire:
        got = wire.send(http_bytes("GET", path)).answer()
        head = wire.send(http_bytes("HEAD", path)).answer(head=True)
    for name in ("content-length", "content-type", "etag", "cache-control"):
        assert head.headers[name] == got.headers[name]
    assert (head.status, head.body) == (200, b"")


def test_options_tells_the_methods(anonymous, event):
    answer = ask(anonymous, f"/api/v1/events/{event['event_id']}", "OPTIONS")
    assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


# Compression


def test_gzip_where_it_pays(anonymous, new_event):
    name = unique("Compressed")
    for _ in range(3):
        new_event(name=name)
    plain = anonymous.get("/api/v1/events", q=name)
    assert "content-encoding" not in plain.headers
    packed = ask(anonymous, f"/api/v1/events?q={name}", accept_encoding="br;q=1.0, gzip;q=0.8, *;q=0.1")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepted", ["gzip;q=0", "identity", "br", "gzipped", ""])
def test_gzip_only_where_wanted(anonymous, accepted):
    assert "content-encoding" not in ask(anonymous, "/api/v1/events", accept_encoding=accepted).headers


def test_gzip_not_for_little_nor_for_secrets(anonymous, user):
    """Small answers gain nothing; an answer with a token is never compressed (BREACH)."""
    assert "content-encoding" not in ask(anonymous, "/healthz", accept_encoding="gzip").headers
    body = {"email": user.email, "password": user.password}
    answer = anonymous.request("POST", "/api/v1/auth/login", body, {"Accept-Encoding": "gzip"})
    assert answer.status == 200 and "content-encoding" not in answer.headers


def test_gzip_of_a_large_map(anonymous, new_seated_event):
    """Compressed beside the event loop; several at once, and clients that leave in the middle."""
    event = new_seated_event(rows=20, seats_per_row=50)
    path = f"/api/v1/events/{event['event_id']}/seats"
    plain = anonymous.get(path)
    assert len(plain.body) > 100_000
    for _ in range(5):
        with Wire(anonymous.url) as wire:
            wire.send(http_bytes("GET", path, headers=["Accept-Encoding: gzip"]))
    answers = in_parallel([lambda: ask(anonymous, path, accept_encoding="gzip")] * 8)
    for answer in answers:
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(answer.body) == plain.body


# Validators


def test_not_modified(anonymous, admin, event):
    """S3-GW-7: an ETag on public reads; 304 while nothing has changed, and never longer."""
    for path in (f"/api/v1/events/{event['event_id']}", f"/api/v1/events?q={event['name']}"):
        first = anonymous.get(path)
        tag = first.headers["etag"]
        assert re.fullmatch(r'"[0-9a-f.]+"', tag)
        assert first.headers["cache-control"] == "no-cache"
        for sent in (tag, f'"x", W/{tag}', "*"):
            same = ask(anonymous, path, if_none_match=sent)
            assert (same.status, same.body, same.headers["etag"]) == (304, b"", tag), sent
            assert "content-length" not in same.headers
        packed = ask(anonymous, path, if_none_match=tag[:-1] + '-gzip"')
        assert packed.status == 304
        assert ask(anonymous, path, if_none_match='"x"').status == 200
    tag = anonymous.get(path).headers["etag"]
    expect(admin.patch(f"/api/v1/admin/events/{event['event_id']}", {"description": "changed"}), 200)
    after = ask(anonymous, path, if_none_match=tag)
    assert after.status == 200 and after.json["events"][0]["description"] == "changed"


def test_availability_is_the_same_while_nothing_is_sold(anonymous, user, event):
    """last_updated is another at each reading; the tag is that of the rest, and says by W/ that it is."""
    path = f"/api/v1/events/{event['event_id']}/availability"
    first = anonymous.get(path)
    tag = first.headers["etag"]
    assert re.fullmatch(r'W/"[0-9a-f]+"', tag)
    again = anonymous.get(path)
    assert again.json["last_updated"] > first.json["last_updated"] and again.headers["etag"] == tag
    assert ask(anonymous, path, if_none_match=tag).status == 304
    user.book(event, quantity=1)
    after = ask(anonymous, path, if_none_match=tag)
    assert (after.status, after.json["available_seats"]) == (200, 99)


def test_booking_changes_the_tag(anonymous, user, event):
    """H13: a booking does not raise the event's version, but what is left has changed."""
    path = f"/api/v1/events/{event['event_id']}"
    tag = anonymous.get(path).headers["etag"]
    user.book(event, quantity=1)
    after = ask(anonymous, path, if_none_match=tag)
    assert (after.status, after.json["available_seats"]) == (200, 99)


def test_etag_as_if_match(admin, event):
    """practices.md: what a read gave as ETag can be sent as If-Match."""
    path = f"/api/v1/admin/events/{event['event_id']}"
    tag = admin.get(path).headers["etag"]

    def rename(name):
        return admin.request("PATCH", path, {"name": name}, {"If-Match": tag})

    expect(rename("First"), 200)
    assert_error(rename("Second"), 412, "PRECONDITION_FAILED")


def test_private_answers_are_not_stored(user):
    answer = user.get("/api/v1/auth/me")
    assert answer.headers["cache-control"] == "no-store"


# Limits of size


def test_body_limit_is_a_setting(serve):
    client = serve(EVENTLY_BODY_MAX="2048").client
    assert_error(client.post("/api/v1/auth/login", {"email": "x" * 3000}), 413, "BODY_TOO_LARGE")
    assert client.post("/api/v1/auth/login", {"email": "x" * 1000}).status == 400


# The log


def test_access_log(serve, user, event):
    """S1-GW-3, S1-OPS-16, S4-OPS-5, S3-GW-6, S5-GW-4: one JSON object a request, with its id, its times and no secret (H66)."""
    server = serve(EVENTLY_TRUSTED_PROXIES="127.0.0.1")
    person = server.as_user(user)
    path = f"/api/v1/events/{event['event_id']}?city=secret-place"
    answer = ask(person, path, x_request_id="my-request.1", x_forwarded_for="192.0.2.77")
    person.post("/api/v1/auth/login", {"email": user.email, "password": PASSWORD})
    assert answer.headers["x-request-id"] == "my-request.1"
    wait_until(lambda: "auth/login" in server.log() and "my-request.1" in server.log(), "both lines")
    lines = [json.loads(line) for line in server.log().splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == "my-request.1"]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/v1/events/{id}", 200)
    assert (line["client"], line["bytes"], line["level"]) == ("192.0.2.77", len(answer.body), "info")
    assert 0 < line["db_ms"] <= line["ms"] < 30_000
    text = server.log()
    for secret in (user.token, PASSWORD, user.email, "secret-place", event["event_id"]):
        assert secret not in text


class Piped(Server):
    """Its log is read when somebody wants to."""

    def start(self):
        self.process = subprocess.Popen([PROGRAM], cwd=self.home, env=self.environment, stdout=subprocess.PIPE)

    def __exit__(self, *failure):
        self.process.stdout.close()
        super().__exit__(*failure)

    def unread(self):
        return int.from_bytes(fcntl.ioctl(self.process.stdout, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_lines_of_a_pipe_are_whole():
    """Though two workers write to it, many lines at once, and wait for room in it."""
    connections, requests = 100, 20
    with Piped({}) as server, contextlib.ExitStack() as wires:
        for _ in range(connections):
            wires.enter_context(Wire(server.url)).send(http_bytes("GET", "/healthz") * requests)
        wait_until(lambda: server.unread() > 30_000, "it is about full")
        lines = map(json.loads, server.process.stdout)
        answered = (line["pid"] for line in lines if line.get("route") == "/healthz")
        assert len({*itertools.islice(answered, connections * requests)}) == 2


def test_log_level(serve):
    """LOG_LEVEL=warn: no line for what went well."""
    server = serve(LOG_LEVEL="warn")
    expect(server.client.get("/healthz"), 200)
    assert server.log() == ""


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of our own for 127.0.0.1, and its key."""
    directory = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=evently.test"
        " -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    )
    subprocess.run(command.split(), cwd=directory, check=True, capture_output=True)
    return {"EVENTLY_TLS_CERT": str(directory / "cert.pem"), "EVENTLY_TLS_KEY": str(directory / "key.pem")}


def https(server, path, connection=None, **context):
    connection = connection or http.client.HTTPSConnection("127.0.0.1", server.port, timeout=30, **context)
    connection.request("GET", path)
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


def test_tls(serve, certificate, new_seated_event):
    """S3-GW-10: HTTPS by configuration; answers of any size, many on one connection, several connections."""
    event = new_seated_event(rows=20, seats_per_row=50)
    server = serve(**certificate)
    context = server.tls_context()
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=30, context=context)
    for _ in range(3):
        answer = https(server, f"/api/v1/events/{event['event_id']}/seats", connection)
        assert answer.status == 200 and len(answer.json["seats"]) == 1000
        assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert connection.sock.version() == "TLSv1.3"
    answers = in_parallel([lambda: https(server, "/health/ready", context=context)] * 16)
    assert {answer.status for answer in answers} == {200}


def test_tls_refuses_what_is_old_or_plain(serve, certificate):
    server = serve(**certificate)
    old = ["openssl", "s_client", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-connect", f"127.0.0.1:{server.port}"]
    assert subprocess.run(old, stdin=subprocess.DEVNULL, capture_output=True).returncode != 0
    with Wire(server.url).send(http_bytes("GET", "/healthz")) as wire:
        assert wire.is_closed()
    assert https(server, "/healthz", context=server.tls_context()).status == 200


def test_unusable_tls_settings(certificate, tmp_path):
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", other], check=True, capture_output=True)
    secret = {"EVENTLY_ENV": "development", "EVENTLY_DATABASE_URL": "dbname=x"}
    for settings in (
        {"EVENTLY_TLS_CERT": certificate["EVENTLY_TLS_CERT"]},
        {**certificate, "EVENTLY_TLS_CERT": "/nowhere.pem"},
        {**certificate, "EVENTLY_TLS_KEY": str(other)},
    ):
        code, said = run_with({**secret, **settings})
        assert code == 1 and "EVENTLY_TLS" in said, said
