"""Fixtures: the running web app, its database, people and events. Every test makes its own, named at random."""

import contextlib
import json
import os
import pathlib
from datetime import datetime, timedelta, timezone

import psycopg2
import psycopg2.extras
import pytest

from client import Client, expect, in_parallel, unique
from instance import Instance
from schema import undocumented_refusals
from server import Server

PASSWORD = "correct horse battery staple"
# Of the 15 minutes that an access token lasts.
ENOUGH_FOR_A_TEST_S = 600


@pytest.fixture(scope="session")
def url():
    if "EVENTLY_URL" not in os.environ:
        pytest.exit("EVENTLY_URL is not set: test/run starts a web app and these tests with it")
    return os.environ["EVENTLY_URL"]


@pytest.fixture(scope="session")
def connect():
    """Opens connections to the database as superuser, as PGHOST and its like say. Each is its own transaction."""

    @contextlib.contextmanager
    def open_connection():
        connection = psycopg2.connect("")
        try:
            yield connection
        finally:
            connection.close()

    return open_connection


@pytest.fixture(scope="session")
def sql(connect):
    """Runs a statement in a transaction of its own, returns its rows (an empty list without any)."""

    def run(statement, *values):
        with connect() as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture(scope="session")
def log_file():
    return pathlib.Path(os.environ["EVENTLY_HOME"]) / "log" / "evently.log"


@pytest.fixture(scope="session")
def secrets():
    """Passwords and tokens that the tests used: none of them may stand in the log."""
    return {PASSWORD}


@pytest.fixture(scope="session", autouse=True)
def all_is_well_at_the_end(url, sql, log_file, secrets):
    """After all tests: no invariant is violated, nothing was answered with 5xx, all that the common web app refused was
    documented, and no secret was logged (H66)."""
    start = log_file.stat().st_size
    document = json.loads(Client(url).get("/openapi.json").body)
    yield
    assert sql("SELECT * FROM evently.verify()") == []
    with log_file.open("rb") as log:
        log.seek(start)
        text = log.read().decode()
    lines = [json.loads(line) for line in text.splitlines()]
    # 505 is the right answer to HTTP/3.7, which test_protocol.py sends.
    assert [line for line in lines if line.get("status", 0) >= 500 and line["status"] != 505] == []
    assert undocumented_refusals(document, lines) == set()
    assert [secret for secret in secrets if secret in text] == []


@pytest.fixture(scope="session")
def internal_key(secrets):
    """What other services send; made by the web app in development."""
    key = (pathlib.Path(os.environ["EVENTLY_HOME"]) / "internal_api_key").read_text()
    secrets.add(key)
    return key


@pytest.fixture
def anonymous(url):
    return Client(url)


@pytest.fixture(scope="session")
def new_user(url, secrets):
    """Registers somebody; a Client with his tokens."""

    def register(**fields):
        body = {"email": f"{unique('user')}@example.com", "password": PASSWORD, "name": "Test User", **fields}
        session = expect(Client(url).post("/api/v1/auth/register", body), 201)
        secrets.update([session["access_token"], session["refresh_token"], body["password"]])
        return Client(url).signed_in_as(session, body["password"])

    return register


@pytest.fixture(scope="session")
def lasting():
    """People of more than one test."""
    return []


@pytest.fixture(autouse=True)
def tokens_last(lasting, secrets):
    """However long the tests before this one took, nobody's access token ends in the middle of it."""
    for person in lasting:
        if person.token_ends_within(ENOUGH_FOR_A_TEST_S):
            person.sign_in_again()
            secrets.update([person.token, person.refresh_token])


@pytest.fixture
def user(new_user):
    return new_user()


@pytest.fixture
def other_user(new_user):
    return new_user()


@pytest.fixture(scope="session")
def crowd(new_user, lasting):
    """64 people, for storms."""
    people = in_parallel([new_user] * 64, threads=8)
    lasting.extend(people)
    return people


@pytest.fixture(scope="session")
def new_admin(new_user, sql, secrets):
    """An administrator, with permission events:any unless others are given, made as the documentation says: set_role, then a new login."""

    def make(permissions=None):
        person = new_user()
        sql("SELECT FROM evently.set_role(%s, 'admin', %s::text[])", person.email, permissions)
        session = expect(person.post("/api/v1/auth/login", {"email": person.email, "password": person.password}), 200)
        secrets.update([session["access_token"], session["refresh_token"]])
        return person.signed_in_as(session, person.password)

    return make


@pytest.fixture(scope="session")
def admin(new_admin, lasting):
    person = new_admin()
    lasting.append(person)
    return person


@pytest.fixture
def own_events_admin(admin, url, secrets):
    """An administrator made by another one: permission events:own only."""
    body = {"email": f"{unique('admin')}@example.com", "password": PASSWORD, "name": "Own Events"}
    session = expect(admin.post("/api/v1/auth/admin/register", body), 201)
    secrets.update([session["access_token"], session["refresh_token"]])
    return Client(url).signed_in_as(session, PASSWORD)


def in_days(days):
    """A time from now, as the API writes times."""
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="session")
def new_event(admin):
    """An event on sale with general admission, unless told otherwise."""

    def make(**fields):
        body = {"name": unique("Event"), "start_datetime": in_days(30), "base_price": 25, "total_capacity": 100, **fields}
        return expect(admin.post("/api/v1/admin/events", body), 201)

    return make


@pytest.fixture(scope="session")
def new_venue(admin):
    def make(**fields):
        body = {"name": unique("Venue"), "address": "1 Test Street", "city": "Testville", "country": "US", "capacity": 100}
        return expect(admin.post("/api/v1/admin/venues", {**body, **fields}), 201)

    return make


@pytest.fixture(scope="session")
def new_template(admin):
    """A venue template with numbered seats: 2 rows of 5, unless told otherwise."""

    def make(**fields):
        sections = [{"name": "Stalls", "kind": "reserved", "rows": 2, "seats_per_row": 5}]
        body = {"name": unique("Template"), "sections": sections, **fields}
        return expect(admin.post("/api/v1/admin/venue-templates", body), 201)

    return make


@pytest.fixture(scope="session")
def new_tag(admin):
    def make(**fields):
        return expect(admin.post("/api/v1/admin/tags", {"name": unique("Tag"), **fields}), 201)

    return make


@pytest.fixture(scope="session")
def new_seated_event(new_venue, new_event):
    """An event with numbered seats: `rows` rows of `seats_per_row`, A-1 and so on, each 50.00."""

    def make(rows=2, seats_per_row=10, **fields):
        grid = {"name": "Stalls", "kind": "reserved", "rows": rows, "seats_per_row": seats_per_row}
        venue = new_venue(sections=[grid])
        return new_event(venue_id=venue["venue_id"], total_capacity=None, **{"base_price": 50, **fields})

    return make


@pytest.fixture
def event(new_event):
    return new_event()


@pytest.fixture
def seated_event(new_seated_event):
    return new_seated_event()


@pytest.fixture(scope="session")
def sold_out(new_event, new_user):
    """An event all of whose tickets somebody has booked, with his booking and himself."""

    def make(tickets=2, **fields):
        buyer = new_user()
        event = new_event(total_capacity=tickets, **fields)
        return event, buyer.book(event, quantity=tickets), buyer

    return make


@pytest.fixture(scope="session")
def waited_for(sold_out):
    """The id of a sold-out event for which somebody waits."""

    def make(waiter):
        event, _, _ = sold_out()
        expect(waiter.post("/api/v1/waitlist", {"event_id": event["event_id"]}), 201)
        return event["event_id"]

    return make


@pytest.fixture(scope="session")
def offered(sold_out):
    """The id of an event that was sold out, of which somebody has an offer."""

    def make(waiter):
        event, booking, buyer = sold_out()
        expect(waiter.post("/api/v1/waitlist", {"event_id": event["event_id"]}), 201)
        expect(buyer.delete(f"/api/v1/bookings/{booking['booking_id']}"), 200)
        return event["event_id"]

    return make


@pytest.fixture(scope="session")
def expire(connect):
    """Ends holds now: as superuser, their times and those of their seats are moved back together."""

    def run(*holds):
        ids = [hold["hold_id"] for hold in holds]
        with connect() as connection, connection, connection.cursor() as cursor:
            cursor.execute(
                "UPDATE evently.hold SET created_at = created_at - interval '2 h', expires_at = expires_at - interval '2 h'"
                " WHERE hold_id = ANY (%s::uuid[])",
                (ids,),
            )
            cursor.execute(
                "UPDATE evently.event_seat SET held_until = held_until - interval '2 h' WHERE hold_id = ANY (%s::uuid[])",
                (ids,),
            )

    return run


@pytest.fixture(scope="session")
def demo_event(url):
    """An event of the demo data, by its name."""

    def find(name):
        found = expect(Client(url).get("/api/v1/events", q=name), 200)["events"]
        return next(event for event in found if event["name"] == name)

    return find


@pytest.fixture
def serve():
    """Starts web apps of the test's own on the same database, with settings by name: serve(EVENTLY_X="...")."""
    with contextlib.ExitStack() as servers:

        def start(**settings):
            return servers.enter_context(Server(settings))

        yield start


@pytest.fixture(scope="session")
def instance():
    """A web app and a cluster apart from the others', which a test may stop and kill, if it leaves them running."""
    own = Instance()
    try:
        own.start()
        yield own
    finally:
        own.remove()
