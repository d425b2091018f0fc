"""/openapi.json tells the truth: every route of the document is walked, answers are checked against its schemas (S3-GW-3,
S5-GW-7, S5-TEST-1); and /docs shows it."""

import re
from uuid import uuid4

import jsonschema
import pytest

from client import Client, Wire, expect, http_bytes, unique
from routes import all_routes
from schema import REFERENCE, SHARED, check, check_refusal, operation_of, responses_of, undocumented_refusals

ROUTES = all_routes()


@pytest.fixture(scope="module")
def document(url):
    return expect(Client(url).get("/openapi.json"), 200)


def test_every_route_is_documented(document):
    documented = {
        (method.upper(), path) for path, operations in document["paths"].items() for method in operations
    }
    assert documented == {(route.method, route.path) for route in ROUTES}
    assert document["openapi"] == "3.1.0"


def test_document_is_sound(document):
    """S3-TEST-1: every reference leads somewhere, every schema is one, ids are unique, tags are declared."""
    names = set(re.findall(REFERENCE + r"(\w+)", str(document)))
    assert names <= set(document["components"]["schemas"])
    assert set(re.findall(SHARED + r"(\w+)", str(document))) == set(document["components"]["responses"])
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    tags = {tag["name"] for tag in document["tags"]}
    assert {tag for operation in operations for tag in operation["tags"]} <= tags
    assert all(operation["description"] and operation["summary"] for operation in operations)


def test_descriptions_are_of_routes(document):
    """They come of the functions' comments, and speak neither of arguments that no route takes nor of functions that have one."""
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    words = r"actor_id|\w+_only\b|\bVE\d|\.h\)|event_id null|\b[a-z]+_[a-z_]+\("
    assert [operation["description"] for operation in operations if re.search(words, operation["description"])] == []
    accept = document["paths"]["/api/v1/waitlist/{event_id}/accept"]["post"]
    assert "POST /api/v1/bookings/confirm" in accept["description"]


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_operation(document, route):
    """Access, parameters, the body's example, errors by code: each as the route has them."""
    operation = operation_of(document, route)
    scheme = {"PUBLIC": [], "USER": [{"bearer": []}], "ADMIN": [{"bearer": []}], "INTERNAL": [{"internal": []}]}
    may_sign_in = route.access == "PUBLIC" and route.path in ("/api/v1/auth/admin/register", "/api/v1/events/{id}/live")
    assert operation["security"] == ([{}, {"bearer": []}] if may_sign_in else scheme[route.access])
    in_path = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"]
    assert in_path == re.findall(r"\{(\w+)\}", route.path)
    assert str(route.status) in operation["responses"]
    if route.access != "PUBLIC":
        assert "UNAUTHORIZED" in operation["responses"]["401"]["content"]["application/json"]["examples"]
    if route.limit != "NONE":
        assert "RATE_LIMITED" in operation["responses"]["429"]["content"]["application/json"]["examples"]
    for parameter in operation["parameters"]:
        assert ("example" in parameter) == (parameter["in"] == "query" and parameter["required"]), parameter
        if "example" in parameter:
            check(document, parameter["schema"], parameter["example"])
        if parameter["required"]:
            assert isinstance(parameter["schema"]["type"], str), "Swagger UI takes no value where a list of types is"
        if parameter["schema"]["type"] == "array":
            assert parameter["explode"] is False, "the web app takes lists separated by commas"
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]
        check(document, content["schema"], content["example"])
    responses = responses_of(document, operation)
    assert {"414", "431"} <= set(responses)
    assert ("411" in responses) == ("requestBody" in operation)
    assert ("101" in responses) == route.path.endswith("/live")
    for status, response in responses.items():
        if int(status) >= 400:
            for example in response["content"]["application/json"]["examples"].values():
                check(document, response["content"]["application/json"]["schema"], example["value"])


@pytest.fixture
def walker(document, anonymous, new_user, admin, new_event, new_seated_event, new_venue, new_template, new_tag, sold_out, waited_for, offered, internal_key):
    """Sends a request that has to succeed: the document's own example, with ids, addresses and secrets that are true here."""
    user = new_user()
    event = new_event()
    seated = new_seated_event()
    seat = user.seats(seated)[0]

    def event_with_policy():
        event_id = new_event()["event_id"]
        expect(admin.post(f"/api/v1/admin/events/{event_id}/cancellation-policy", {}), 201)
        return event_id

    def cancellation():
        booking = user.book(event, quantity=1)
        return expect(user.delete(f"/api/v1/bookings/{booking['booking_id']}"), 200)["cancellation_id"]

    def payment():
        hold = user.hold(event, quantity=1)
        return expect(user.post(f"/api/v1/seats/hold/{hold['hold_id']}/payment"), 201)["payment_id"]

    def event_with_places_taken():
        event_id = new_event()["event_id"]
        expect(service.post(f"/internal/events/{event_id}/update-availability", {"quantity": -2}), 200)
        return event_id

    service = Client(anonymous.url, internal_key=internal_key)
    who = {"PUBLIC": anonymous, "USER": user, "ADMIN": admin, "INTERNAL": service}
    ids = {
        "PUT /api/v1/admin/events/{id}/cancellation-policy": event_with_policy,
        "GET /api/v1/admin/events/{id}/cancellation-policy": event_with_policy,
        "POST /api/v1/events/{id}/best-available": lambda: seated["event_id"],
        "POST /internal/events/{id}/return-seats": event_with_places_taken,
        "GET /api/v1/users/{id}/holds": lambda: user.user_id,
        "POST /api/v1/waitlist/{event_id}/accept": lambda: offered(user),
        "POST /api/v1/waitlist/{event_id}/decline": lambda: offered(user),
        "/waitlist/{event_id}": lambda: waited_for(user),
        "/waitlist/status/{event_id}": lambda: waited_for(user),
        "/waitlist/entries/{event_id}": lambda: waited_for(user),
        "/waitlist/stats/{event_id}": lambda: waited_for(user),
        "/waitlist/notify/{event_id}": lambda: waited_for(user),
        "/waitlist/cancellation/{event_id}": lambda: waited_for(user),
        "/admin/venue-templates/{id}": lambda: new_template()["venue_template_id"],
        "/admin/sections/{id}": lambda: new_template()["sections"][0]["section_id"],
        "/sections/{id}": lambda: seat["section_id"],
        "/seats/{id}": lambda: seat["id"],
        "/cancellations/{id}": cancellation,
        "/payments/{id}": payment,
        "/events/{id}": lambda: new_event()["event_id"],
        "/seats/hold/{id}": lambda: user.hold(event, quantity=1)["hold_id"],
        "/bookings/{id}": lambda: user.book(event, quantity=1)["booking_id"],
        "/admin/tags/{id}": lambda: new_tag()["tag_id"],
        "/tags/slug/{slug}": lambda: new_tag()["slug"],
        "/admin/venues/{id}": lambda: new_venue()["venue_id"],
        "/users/{id}": lambda: new_user().user_id,
        "/docs/{file}": lambda: "init.js",
    }
    mine = {"email": user.email, "password": user.password}
    true_here = {
        "POST /api/v1/auth/register": lambda: {"email": f"{unique('user')}@example.com"},
        "POST /api/v1/auth/signup": lambda: {"email": f"{unique('user')}@example.com"},
        "POST /api/v1/auth/admin/register": lambda: {"email": f"{unique('admin')}@example.com"},
        "POST /api/v1/auth/login": lambda: mine,
        "POST /api/v1/auth/admin/login": lambda: {"email": admin.email, "password": admin.password},
        "POST /api/v1/auth/refresh": lambda: {"refresh_token": user.refresh_token},
        "POST /api/v1/auth/logout": lambda: {"refresh_token": user.refresh_token},
        "POST /api/v1/auth/admin/refresh": lambda: {
            "refresh_token": admin.post(
                "/api/v1/auth/admin/login", {"email": admin.email, "password": admin.password}
            ).json["refresh_token"]
        },
        "PUT /api/v1/auth/change-password": lambda: {"current_password": user.password},
        "POST /api/v1/auth/change-password": lambda: {"current_password": user.password},
        "POST /api/v1/auth/delete-account": lambda: {"password": user.password},
        "POST /api/v1/seats/hold": lambda: {"event_id": event["event_id"]},
        "POST /api/v1/bookings/confirm": lambda: {"hold_id": user.hold(event, quantity=1)["hold_id"]},
        "POST /api/v1/admin/users": lambda: {"email": f"{unique('user')}@example.com"},
        "POST /internal/auth/verify": lambda: {"token": user.token},
        "POST /api/v1/admin/tags": lambda: {"name": unique("Tag")},
        "POST /api/v1/waitlist": lambda: {"event_id": sold_out()[0]["event_id"]},
        "POST /api/v1/seats/availability": lambda: {"event_id": seated["event_id"]},
    }
    true_in_query = {"GET /api/v1/sections/{id}/seats/available": {"event_id": seated["event_id"]}}
    of_this_place = {"email", "password", "current_password", "refresh_token", "token", "event_id", "hold_id", "name"}

    def walk(route):
        path = route.path
        for part, make in ids.items():
            if part == str(route):
                path = re.sub(r"\{\w+\}", make(), path)
            elif part in path:
                path = path.replace(part, re.sub(r"\{\w+\}", make(), part))
        assert "{" not in path, "say above where to find an id for this path"
        operation = operation_of(document, route)
        query = {
            parameter["name"]: parameter["example"] if parameter.get("explode", True) else ",".join(parameter["example"])
            for parameter in operation["parameters"]
            if "example" in parameter
        }
        query.update(true_in_query.get(str(route), {}))
        body = None
        if "requestBody" in operation:
            body = operation["requestBody"]["content"]["application/json"]["example"]
            body = {name: float(value) if type(value).__name__ == "Decimal" else value for name, value in body.items()}
            true_names = true_here.get(str(route), dict)()
            assert set(true_names) <= of_this_place, "everything else has to be good as the document gives it"
            body.update(true_names)
        client = admin if route.path.endswith("/auth/admin/register") else who[route.access]
        return client.request(route.method, path, body, query=query)

    return walk


# A stream has no end: test_live.py reads what comes.
@pytest.mark.parametrize("route", [route for route in ROUTES if not route.path.endswith("/live")], ids=str)
def test_answer_fits_its_schema(document, walker, route):
    """S1-TEST-1, S1-TEST-2, "Try it": the example of the document succeeds, and the answer is what the document says."""
    answer = walker(route)
    assert answer.status == route.status, answer
    assert "x-unknown-fields" not in answer.headers
    may_be_kept = route.method == "GET" and "etag" in answer.headers
    assert ("304" in operation_of(document, route)["responses"]) == may_be_kept
    content = operation_of(document, route)["responses"][str(route.status)]["content"]
    declared = answer.headers["content-type"].split(";")[0]
    if route.path != "/docs/{file}":
        assert list(content) == [declared]
    if declared == "application/json":
        check(document, content[declared]["schema"], answer.json)


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_refusals_are_documented(document, anonymous, user, admin, internal_key, route):
    """Without a token, without the role, without fields, with ids that are unknown or none: a documented status and code."""
    somewhere = route.somewhere()
    body = None if route.method in ("GET", "DELETE") else {}
    if route.path.startswith(("/metrics", "/docs")):
        return
    clients = (anonymous, user, admin, Client(anonymous.url, internal_key=internal_key))
    answers = [client.request(route.method, somewhere, body) for client in clients]
    if re.search(r"\{\w*id\}", route.path):
        answers.append(admin.request(route.method, re.sub(r"\{\w+\}", "not-an-id", route.path), body))
    for answer in answers:
        if answer.status >= 400:
            check_refusal(document, operation_of(document, route), answer)


def test_refusals_that_are_not_documented_are_seen_in_the_log(document):
    """As they are looked for at the end of all tests."""
    book = {"method": "POST", "route": "/api/v1/events/{id}/book"}
    documented = {**book, "status": 409, "code": "INSUFFICIENT_SEATS"}
    of_another_route = {**book, "status": 409, "code": "EMAIL_TAKEN"}
    of_another_status = {**book, "status": 404, "code": "INSUFFICIENT_SEATS"}
    left = {**book, "status": 499, "code": "CLIENT_GONE"}
    lines = [{"message": "listening"}, {**book, "status": 201}, documented, of_another_route, of_another_status, left]
    assert undocumented_refusals(document, lines) == {
        tuple(line[name] for name in ("method", "route", "status", "code")) for line in (of_another_route, of_another_status)
    }


def test_sold_out_by_hand_is_documented(document, user, admin, event):
    """Wherever tickets are sold."""
    public = f"/api/v1/events/{event['event_id']}"
    expect(admin.put(f"/api/v1/admin/events/{event['event_id']}/sale-status", {"status": "SOLD_OUT"}), 200)
    for path, address in (("/api/v1/events/{id}/book", f"{public}/book"), ("/api/v1/seats/hold", "/api/v1/seats/hold")):
        answer = user.post(address, {"event_id": event["event_id"], "quantity": 1})
        assert answer.code == "SALE_SOLD_OUT"
        check_refusal(document, document["paths"][path]["post"], answer)


def test_problem_details_fit_their_schema(document, anonymous):
    answer = anonymous.request("GET", f"/api/v1/events/{uuid4()}", headers={"Accept": "application/problem+json"})
    check(document, {"$ref": REFERENCE + "problem"}, answer.json)


def test_refusals_of_any_request_are_documented(document, url):
    """Before there is a route to be asked: 411, 414 and 431, in the form that the operations share."""
    login = document["paths"]["/api/v1/auth/login"]["post"]
    events = document["paths"]["/api/v1/events"]["get"]
    flood = [f"X-{number}: y" for number in range(300)]
    for request, operation, status in (
        (http_bytes("POST", "/api/v1/auth/login", headers=["Transfer-Encoding: chunked"]), login, 411),
        (http_bytes("GET", "/api/v1/events?q=" + "a" * 10000), events, 414),
        (http_bytes("GET", "/api/v1/events", headers=flood), events, 431),
    ):
        with Wire(url).send(request) as wire:
            answer = wire.answer()
            assert answer.status == status
            check_refusal(document, operation, answer)


def test_document_can_be_kept(anonymous):
    first = anonymous.get("/openapi.json")
    assert first.headers["cache-control"] == "no-cache"
    again = anonymous.request("GET", "/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert again.status == 304


def test_docs_page(anonymous):
    """S3-GW-3, S5-GW-7: everything that the page loads comes from this server, and its policy allows nothing else."""
    page = anonymous.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "connect-src 'self'" in policy
    sources = re.findall(r'(?:src|href)="(/[^"]+)"', page.body.decode())
    assert "/docs/swagger-ui-bundle.js" in sources and "/openapi.json" in sources
    assert "http" not in re.sub(r"<!doctype.*?>", "", page.body.decode())
    for source in sources:
        answer = anonymous.get(source)
        assert answer.status == 200 and answer.body, source
        packed = anonymous.request("GET", source, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert len(packed.body) < len(answer.body) or len(answer.body) < 2000
    for nowhere in ("/docs/nothing.js", "/docs/..%2fnothing", "/docs/LICENSE/x"):
        assert anonymous.get(nowhere).status == 404
