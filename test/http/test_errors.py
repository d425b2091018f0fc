"""H74: whatever is wrong with a request, it gets its own clear 4xx, in the one envelope."""

import json
from uuid import uuid4

import pytest

from client import RFC3339_UTC, assert_error, expect, unique
from conftest import in_days

EVENTS = "/api/v1/admin/events"
HOLD = "/api/v1/seats/hold"
NOWHERE = str(uuid4())


def test_unknown_route(anonymous, user):
    """H74."""
    for client in (anonymous, user):
        for method, path in [
            ("GET", "/"),
            ("GET", "/nothing"),
            ("POST", "/api/v1/nothing"),
            ("GET", "/api/v1"),
            ("GET", "/API/V1/EVENTS"),
        ]:
            assert_error(client.request(method, path), 404, "ROUTE_NOT_FOUND")


@pytest.mark.parametrize(
    "path",
    [
        "//healthz",
        "/healthz/",
        "/api/v1//events",
        "/api/v1/events/" + NOWHERE + "/seats/more",
        "/api/v1/../../etc/passwd",
        "/api/v1/%2e%2e/healthz",
        "/api/v1/events%2Fupcoming",
        "/" + "a/" * 100,
        "/healthz%00",
        "/healthz;a=b",
    ],
)
def test_addresses_that_are_almost_right(anonymous, path):
    answer = anonymous.get(path)
    assert answer.status in (400, 404), answer
    assert answer.code in ("ROUTE_NOT_FOUND", "INVALID_ID", "BAD_REQUEST")


@pytest.mark.parametrize("suffix", ["", "/availability", "/seats"])
def test_unknown_event(anonymous, suffix):
    """S2-ERR-4."""
    error = assert_error(anonymous.get(f"/api/v1/events/{NOWHERE}{suffix}"), 404, "EVENT_NOT_FOUND")
    assert error["details"]["event_id"] == NOWHERE


@pytest.mark.parametrize(
    "bad",
    [
        "42",
        "user_123",
        "x",
        "%00",
        "%FF%FE",
        "%zz",
        NOWHERE + "0",
        NOWHERE[:-1],
        NOWHERE.replace("-", ""),
        "{" + NOWHERE[:-2] + "}",
        "'%20OR%201=1--",
    ],
)
def test_malformed_id(anonymous, user, admin, bad):
    """H74."""
    assert_error(anonymous.get(f"/api/v1/events/{bad}"), 400, "INVALID_ID")
    assert_error(user.get(f"/api/v1/bookings/{bad}"), 400, "INVALID_ID")
    assert_error(admin.delete(f"{EVENTS}/{bad}"), 400, "INVALID_ID")


def test_id_in_upper_case(anonymous, event):
    """RFC 9562: read without case, written in lower case."""
    answer = expect(anonymous.get(f"/api/v1/events/{event['event_id'].upper()}"), 200)
    assert answer["event_id"] == event["event_id"]


MALFORMED = {
    "no JSON": b"hello",
    "cut off": b'{"event_id": "x',
    "more behind it": b'{"a": 1} {"b": 2}',
    "comma at the end": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "bare word": b'{"a": nope}',
    "NaN": b'{"quantity": NaN}',
    "Infinity": b'{"quantity": Infinity}',
    "leading zero": b'{"quantity": 007}',
    "plus sign": b'{"quantity": +1}',
    "hexadecimal": b'{"quantity": 0x10}',
    "lone dot": b'{"quantity": 1.}',
    "comment": b'{"a": 1 /* one */}',
    "control character in a text": b'{"a": "x\ny"}',
    "unknown escape": b'{"a": "\\x41"}',
    "half a surrogate pair": b'{"a": "\\ud800"}',
    "surrogates the wrong way round": b'{"a": "\\udc00\\ud800"}',
    "NUL escaped": b'{"seat_ids": ["A-1\\u0000"]}',
    "NUL as a byte": b'{"a": "x\x00y"}',
    "NUL behind it": b'{"a": 1}\x00',
    "invalid UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-8 too long for its character": b'{"a": "\xc0\xaf"}',
    "UTF-8 of a surrogate": b'{"a": "\xed\xa0\x80"}',
    "UTF-8 beyond Unicode": b'{"a": "\xf4\x90\x80\x80"}',
    "UTF-8 cut off": b'{"a": "\xe2\x82"}',
    "byte order mark alone": b"\xef\xbb\xbf",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "blanks": b"   ",
    "an array": b"[]",
    "a text": b'"x"',
    "a number": b"5",
    "null": b"null",
    "nested too deeply": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "arrays nested too deeply": b'{"a":' + b"[" * 100000 + b"]" * 100000 + b"}",
    "open brackets only": b"[" * 100000,
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_body(user, kind):
    """H74."""
    answer = user.post(HOLD, MALFORMED[kind])
    error = assert_error(answer, 400, "VALIDATION_ERROR", "body")
    assert user.token not in json.dumps(error)


def test_duplicate_keys(user, event):
    """Either refused or one of the two counts; never both."""
    body = b'{"event_id": "%s", "quantity": 1, "quantity": 2}' % event["event_id"].encode()
    answer = user.post(HOLD, body)
    if answer.status == 201:
        assert user.available(event) == 100 - answer.json["quantity"]
    else:
        assert_error(answer, 400, "VALIDATION_ERROR")


def test_no_body_is_an_empty_one(user):
    for body in (None, b"", {}):
        assert_error(user.post(HOLD, body), 400, "VALIDATION_ERROR", "event_id")


@pytest.mark.parametrize("field", ["event_id"])
@pytest.mark.parametrize("value", [5, True, [], {}, "", "x", NOWHERE + "'", [NOWHERE]])
def test_wrong_type_of_an_id(user, field, value):
    assert_error(user.post(HOLD, {field: value, "quantity": 1}), 400, "INVALID_ID", field)


@pytest.mark.parametrize(
    "path, body, field",
    [
        ("/api/v1/auth/register", {"email": "a@example.com", "name": "x"}, "password"),
        ("/api/v1/auth/register", {"password": "secret99", "name": "x"}, "email"),
        ("/api/v1/auth/login", {"email": "a@example.com"}, "password"),
        ("/api/v1/auth/login", {"password": "x"}, "email"),
        ("/api/v1/auth/refresh", {}, "refresh_token"),
        ("/api/v1/auth/logout", {}, "refresh_token"),
        ("/api/v1/auth/change-password", {"new_password": "x"}, "current_password"),
        ("/api/v1/auth/change-password", {"current_password": "x"}, "new_password"),
        ("/api/v1/seats/hold", {"quantity": 1}, "event_id"),
        ("/api/v1/bookings/confirm", {}, "hold_id"),
        ("/api/v1/admin/events", {"start_datetime": "2031-01-01"}, "name"),
        ("/api/v1/admin/events", {"name": "x"}, "start_datetime"),
        ("/api/v1/admin/venues", {"capacity": 5}, "name"),
    ],
)
def test_missing_field(admin, path, body, field):
    """H74: 400 that names it."""
    error = assert_error(admin.post(path, body), 400, "VALIDATION_ERROR", field)
    assert field in error["message"]


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 3 * 1024 * 1024])
def test_oversized_body(user, size):
    """H74: 413, read to its end so that the client gets to see the answer."""
    answer = user.post(HOLD, b'{"a": "' + b"x" * (size - 9) + b'"}')
    assert_error(answer, 413, "BODY_TOO_LARGE")


def test_largest_body(user):
    body = b'{"a": "' + b"x" * (1024 * 1024 - 9) + b'"}'
    assert len(body) == 1024 * 1024
    assert_error(user.post(HOLD, body), 400, "VALIDATION_ERROR", "event_id")


def test_many_elements(user, seated_event):
    """A list longer than any hold may be is refused before the database sees it, or by it: 400, 404 or 409."""
    for count in (1000, 10000, 60000):
        answer = user.post(HOLD, {"event_id": seated_event["event_id"], "seat_ids": [f"Z-{n}" for n in range(count)]})
        assert answer.status in (400, 404, 409), answer
    assert user.available(seated_event) == 20


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 400, "1." + "3" * 400, "1e-400", "-0", "1E2", "0.5"])
@pytest.mark.parametrize("field", ["quantity", "base_price", "total_capacity", "version"])
def test_odd_numbers(user, admin, event, field, number):
    """Huge, tiny and odd numbers: a clear answer, and nothing booked by accident."""
    if field == "quantity":
        answer = user.post(HOLD, b'{"event_id": "%s", "quantity": %s}' % (event["event_id"].encode(), number.encode()))
    elif field == "version":
        answer = admin.delete(f"{EVENTS}/{event['event_id']}", b'{"version": %s}' % number.encode())
    else:
        body = {"name": unique("E"), "start_datetime": in_days(9), "total_capacity": 10, field: None}
        answer = admin.post(EVENTS, json.dumps(body).replace(f'"{field}": null', f'"{field}": {number}').encode())
    assert answer.status in (201, 400, 409), answer
    if answer.status == 400:
        assert answer.json["error"]["details"]["field"] == field
    if answer.status == 201:
        assert field == "base_price" and 0 <= answer.json["base_price"] <= 100 or number == "-0"


@pytest.mark.parametrize(
    "when",
    [
        "nan",
        "NaN",
        "infinity",
        "-infinity",
        "now",
        "today",
        "epoch",
        "allballs",
        "J2451187",
        "99999-01-01",
        "2031-01-01T25:00:00Z",
        "2031-01-01T00:00:00+99:00",
        "0000-01-01",
        "-4713-01-01",
        "",
    ],
)
def test_odd_dates(admin, when):
    """What PostgreSQL would take but no calendar has."""
    body = {"name": unique("E"), "start_datetime": when, "total_capacity": 1}
    assert_error(admin.post(EVENTS, body), 400, "VALIDATION_ERROR", "start_datetime")


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE evently.event; --",
        '<script>alert("x")</script>',
        "\u202e\U0001f3ab \u6771\u4eac",
        "\\",
        '"',
        "${jndi:x}",
        "%s%n",
        "\t",
        " ",
    ],
)
def test_texts_come_back_as_they_were(admin, text):
    event = expect(
        admin.post(EVENTS, {"name": "x" + text + "x", "description": text, "start_datetime": in_days(9), "total_capacity": 1}),
        201,
    )
    assert (event["name"], event["description"]) == ("x" + text + "x", text)


def test_problem_json(anonymous):
    """RFC 9457 where it is asked for."""
    answer = anonymous.request("GET", f"/api/v1/events/{NOWHERE}", headers={"Accept": "application/problem+json"})
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert {"type", "title", "status", "detail", "code"} <= set(problem)
    assert (problem["status"], problem["code"], problem["title"]) == (404, "EVENT_NOT_FOUND", "Not Found")
    assert problem["details"]["event_id"] == NOWHERE
    assert RFC3339_UTC.fullmatch(problem["timestamp"])


def test_request_id(anonymous):
    """Every answer carries one; the client's own comes back, unless it could do harm."""
    assert anonymous.get("/healthz").headers["x-request-id"] != anonymous.get("/healthz").headers["x-request-id"]
    for path in ("/healthz", "/nowhere", "/api/v1/auth/me"):
        given = unique("trace")
        assert anonymous.request("GET", path, headers={"X-Request-Id": given}).headers["x-request-id"] == given
    for bad in ("a b", 'x"y', "x" * 1000, "caf\u00e9", "{}", ""):
        answer = anonymous.request("GET", "/healthz", headers={"X-Request-Id": bad})
        assert answer.status == 200
        assert answer.headers["x-request-id"] and answer.headers["x-request-id"] != bad


@pytest.mark.parametrize(
    "path, allow",
    [
        ("/healthz", {"GET", "HEAD", "OPTIONS"}),
        ("/api/v1/events", {"GET", "HEAD", "OPTIONS"}),
        ("/api/v1/auth/change-password", {"PUT", "POST", "OPTIONS"}),
        ("/api/v1/seats/hold/{}", {"GET", "HEAD", "DELETE", "OPTIONS"}),
        ("/api/v1/admin/events/{}", {"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"}),
    ],
)
def test_method_not_allowed(anonymous, path, allow):
    """405 with Allow; OPTIONS says the same."""
    path = path.format(NOWHERE)
    for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - allow):
        answer = anonymous.request(method, path)
        assert_error(answer, 405, "METHOD_NOT_ALLOWED")
        assert set(answer.headers["allow"].split(", ")) == allow
    options = anonymous.request("OPTIONS", path)
    assert (options.status, options.body) == (204, b"")
    assert set(options.headers["allow"].split(", ")) == allow


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "BREW", "get", "PROPFIND"])
def test_unknown_methods(anonymous, method):
    answer = anonymous.request(method, "/healthz")
    assert answer.status in (400, 405, 501), answer
    assert answer.headers["x-request-id"]


def test_head(anonymous, event):
    """The headers of GET, and no body."""
    for path, status in [("/healthz", 200), (f"/api/v1/events/{event['event_id']}", 200), (f"/api/v1/events/{NOWHERE}", 404)]:
        head, get = anonymous.request("HEAD", path), anonymous.get(path)
        assert (head.status, get.status, head.body) == (status, status, b"")
        assert head.headers["content-type"] == get.headers["content-type"] == "application/json"
        if status == 200:
            assert head.headers["content-length"] == str(len(get.body))


def test_multipart_is_refused(user, event):
    """415 for multipart only; otherwise JSON is parsed whatever the Content-Type."""
    body = json.dumps({"event_id": event["event_id"], "quantity": 1}).encode()
    answer = user.request("POST", HOLD, body, {"Content-Type": "multipart/form-data; boundary=x"})
    assert_error(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    for content_type in ["application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", "nonsense"]:
        expect(user.request("POST", HOLD, body, {"Content-Type": content_type}), 201)


def test_unknown_fields_are_named(user, admin, anonymous, event):
    """api.md: ignored, and named in X-Unknown-Fields."""
    answer = user.post(HOLD, {"event_id": event["event_id"], "quantity": 1, "colour": "red", "x": {"quantity": 5}})
    assert answer.status == 201
    assert set(answer.headers["x-unknown-fields"].split(", ")) == {"colour", "x"}
    answer = anonymous.get("/api/v1/events", page=1, size=3, nonsense="1")
    assert answer.headers["x-unknown-fields"] == "nonsense"
    assert "x-unknown-fields" not in user.post(HOLD, {"event_id": event["event_id"], "quantity": 1}).headers
    body = {"name": unique("V"), "capacity": 1, "evil\r\nSet-Cookie: a=b": 1}
    answer = admin.post("/api/v1/admin/venues", body)
    assert answer.status == 201 and "set-cookie" not in answer.headers


def test_unknown_fields_are_refused(serve, user, admin, event):
    """api.md: EVENTLY_STRICT_FIELDS=on, in queries and bodies, by routes of both kinds; a body on GET is not read."""
    server = serve(EVENTLY_STRICT_FIELDS="on")
    buyer, manager = server.as_user(user), server.as_user(admin)
    hold = {"event_id": event["event_id"], "quantity": 1}
    assert_error(buyer.post(HOLD, {**hold, "colour": None}), 400, "VALIDATION_ERROR", "colour")
    assert_error(buyer.post(HOLD, {**hold, '"},"code":"x': 1}), 400, "VALIDATION_ERROR", "body")
    assert_error(buyer.get("/api/v1/events", nonsense="1"), 400, "VALIDATION_ERROR", "nonsense")
    login = {"email": user.email, "password": user.password}
    assert_error(buyer.post("/api/v1/auth/login", {**login, "otp": "1"}), 400, "VALIDATION_ERROR", "otp")
    expect(buyer.post("/api/v1/auth/login", login), 200)
    expect(buyer.request("GET", "/api/v1/auth/me", {"colour": "red"}), 200)
    made = expect(manager.post("/api/v1/admin/events", {"title": unique("E"), "start_time": "2030-01-01T19:00:00Z", "capacity": 1}), 201)
    expect(manager.request("PATCH", f"/api/v1/admin/events/{made['event_id']}", {"type": "x"}, {"If-Match": '"1"'}), 200)
    assert user.available(event) == 100


def test_query_oddities(anonymous):
    for query in ["?", "?&&&", "?page", "?page=", "?=1", "?x=1&x=2", "?q=a=b=c", "?q=%C3%A9+x"]:
        expect(anonymous.get("/api/v1/events" + query), 200)
    for query in ["?q=%00", "?q=%FF", "?q=%", "?q=%4", "?q=%zz", "?page=1&page=2", "?" + "&".join(f"a{n}=1" for n in range(200))]:
        assert_error(anonymous.get("/api/v1/events" + query), 400, "VALIDATION_ERROR")


def test_common_headers(anonymous, user):
    """S1-ERR-1: every refusal is JSON of one form."""
    for answer in (anonymous.get("/healthz"), anonymous.get("/nowhere"), user.get("/api/v1/auth/me")):
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["date"].endswith(" GMT")
        assert "kore" not in str(answer.headers).lower()


def test_answers_are_compact(user, admin, seated_event):
    """api.md, JSON: no blank after a colon or comma, in nested objects and errors too."""
    hold = user.post(HOLD, {"event_id": seated_event["event_id"], "seat_ids": ["A-1"]})
    taken = user.post(HOLD, {"event_id": seated_event["event_id"], "seat_ids": ["A-1"]})
    venue = admin.post("/api/v1/admin/venues", {"name": unique("V"), "capacity": 1, "layout_config": {"a": {"b": [1, 2]}}})
    detail = user.get(f"/api/v1/events/{seated_event['event_id']}")
    for answer in (hold, taken, venue, detail):
        assert b'": ' not in answer.body and b'", "' not in answer.body and b"1, 2" not in answer.body, answer
