"""How the tests speak to the web app: a client for ordinary requests, and a bare socket for the odd ones."""

import http.client
import json
import re
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from urllib.parse import urlencode, urlsplit

import tokens

# How long a test waits for an answer before it calls that a hang. Longer than every timeout of the web app.
PATIENCE_S = 30

RFC3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def spellings(text):
    """It in one mixture of capitals and small letters after the other, but not as it is."""
    letters = [i for i, letter in enumerate(text) if letter.isalpha()]
    for number in range(1, 2 ** len(letters)):
        capital = {place for bit, place in enumerate(letters) if number >> bit & 1}
        yield "".join(letter.upper() if i in capital else letter for i, letter in enumerate(text))


class Answer:
    """Status, headers and body of an answer. Money stays exact: decimals of the body become Decimal."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body, parse_float=Decimal)

    @property
    def code(self):
        """The code of an error, None for a success."""
        return self.json["error"]["code"] if self.status >= 400 else None

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


class Client:
    """Sends requests, each on a connection of its own, so it may be shared by threads."""

    def __init__(self, url, token=None, user=None, refresh_token=None, password=None, internal_key=None):
        self.url = url
        self.internal_key = internal_key
        self.token = token
        self.user = user
        self.refresh_token = refresh_token
        self.password = password

    @property
    def address(self):
        parts = urlsplit(self.url)
        return parts.hostname, parts.port

    @property
    def user_id(self):
        return self.user["user_id"]

    @property
    def email(self):
        return self.user["email"]

    def signed_in_as(self, session, password=None):
        """The same server with the tokens of an answer of register or login."""
        return Client(self.url, session["access_token"], session["user"], session["refresh_token"], password)

    def token_ends_within(self, seconds):
        return tokens.claims_of(self.token)["exp"] < time.time() + seconds

    def sign_in_again(self):
        session = expect(self.post("/api/v1/auth/login", {"email": self.email, "password": self.password}), 200)
        self.token, self.refresh_token = session["access_token"], session["refresh_token"]

    def with_token(self, token):
        return Client(self.url, token, self.user)

    def request(self, method, path, body=None, headers=None, query=None):
        """`body` is sent as JSON, unless it is bytes already."""
        if query:
            path = f"{path}?{urlencode(query)}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        sent = {"Connection": "close"}
        if body is not None:
            sent["Content-Type"] = "application/json"
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.internal_key is not None:
            sent["X-Internal-API-Key"] = self.internal_key
        sent.update(headers or {})
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path, **query):
        return self.request("GET", path, query=query)

    def post(self, path, body=None, **headers):
        """Headers by keyword: idempotency_key="k" is sent as Idempotency-Key."""
        return self.request("POST", path, body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def put(self, path, body=None):
        return self.request("PUT", path, body)

    def patch(self, path, body=None):
        return self.request("PATCH", path, body)

    def delete(self, path, body=None):
        return self.request("DELETE", path, body)

    # What most tests need on the way to what they are about.

    def hold(self, event, **what):
        answer = self.post("/api/v1/seats/hold", {"event_id": event["event_id"], **what})
        return expect(answer, 201)

    def confirm(self, hold):
        return expect(self.post("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"]}), 201)

    def book(self, event, **what):
        return expect(self.post(f"/api/v1/events/{event['event_id']}/book", what), 201)

    def available(self, event):
        return expect(self.get(f"/api/v1/events/{event['event_id']}/availability"), 200)["available_seats"]

    def seats(self, event):
        return expect(self.get(f"/api/v1/events/{event['event_id']}/seats"), 200)["seats"]

    def seat_statuses(self, event):
        """Label -> status of every seat of an event."""
        return {seat["seat_id"]: seat["status"] for seat in self.seats(event)}


class Wire:
    """A bare TCP connection, for requests that no library would send. What hangs fails with a timeout."""

    def __init__(self, url):
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is sent apart travels apart
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """The server may have answered and closed before it has read everything."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def _receive(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return data != b""

    def answer(self, head=False):
        """The next answer, or None when the server closed the connection instead."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._receive():
                assert self.buffer == b"", f"half an answer: {self.buffer!r}"
                return None
        start, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        status_line, *lines = start.decode("latin-1").split("\r\n")
        assert re.fullmatch(r"HTTP/1\.[01] \d{3}( .*)?", status_line), status_line
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        status = int(status_line.split()[1])
        length = 0 if head or status in (204, 304) or status < 200 else int(headers["content-length"])
        while len(self.buffer) < length:
            assert self._receive(), f"half a body: {self.buffer!r}"
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Answer(status, headers, body)

    def is_closed(self):
        """Waits for the server to close; no when it says anything more."""
        while self._receive():
            pass
        return self.buffer == b""


def http_bytes(method, path, body=b"", token=None, headers=()):
    """A correct request as bytes, to be bent by the caller."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def expect(answer, status):
    """The JSON of an answer that must have this status."""
    assert answer.status == status, answer
    return answer.json


def assert_error(answer, status, code, field=None):
    """Is it the error envelope of api.md with this status and code? Returns its `error`."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]
    body = answer.json
    assert set(body) == {"error", "detail"}, body
    error = body["error"]
    assert {"code", "message", "details", "timestamp"} <= set(error) <= {"code", "message", "details", "timestamp", "hint"}
    assert error["code"] == code, error
    assert error["message"] and body["detail"] == error["message"]
    assert RFC3339_UTC.fullmatch(error["timestamp"])
    if field is not None:
        assert error["details"]["field"] == field, error
    return error


def unique(word):
    """A name that nobody else uses."""
    return f"{word}-{uuid.uuid4().hex[:12]}"


def in_parallel(calls, threads=None):
    """Runs functions side by side; their results in order. An exception of one is raised."""
    calls = list(calls)
    with ThreadPoolExecutor(threads or len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]
