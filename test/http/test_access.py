"""Who may do what: every route of routes.def, and other people's holds and bookings."""

from uuid import uuid4

import pytest

from client import assert_error, expect
from routes import all_routes

ROUTES = all_routes()


def body_for(route):
    return None if route.method in ("GET", "DELETE") else {}


@pytest.fixture(scope="module")
def somebody(new_user):
    return new_user()


@pytest.mark.parametrize("route", [route for route in ROUTES if route.access == "PUBLIC"], ids=str)
def test_public_routes_need_no_token(anonymous, route):
    """H61. With ids that do not exist and without what they require: 400 or 404, but never 401."""
    answer = anonymous.request(route.method, route.somewhere(), body_for(route))
    assert answer.status in (200, 400, 404), answer


@pytest.mark.parametrize("route", [route for route in ROUTES if route.access in ("USER", "ADMIN")], ids=str)
def test_other_routes_need_a_token(anonymous, route):
    """H61, S1-AUTHU-12, S3-AUTHU-5, S5-AUTHU-8, S5-ERR-1, S4-GW-4: a stranger gets 401, before anything else is looked at."""
    answer = anonymous.request(route.method, route.somewhere(), body_for(route))
    assert assert_error(answer, 401, "UNAUTHORIZED")["message"] == "Missing or invalid token"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    forged = anonymous.with_token("x.y.z").request(route.method, route.somewhere(), b"{not json")
    assert assert_error(forged, 401, "UNAUTHORIZED")["message"] == "Invalid token"


@pytest.mark.parametrize("route", [route for route in ROUTES if route.access == "USER"], ids=str)
def test_user_routes_take_users(somebody, route):
    path = route.path.replace("/users/{id}", f"/users/{somebody.user_id}")
    answer = somebody.request(route.method, route._replace(path=path).somewhere(), body_for(route))
    assert answer.status in (200, 400, 404), answer


@pytest.mark.parametrize("route", [route for route in ROUTES if route.access == "ADMIN"], ids=str)
def test_admin_routes_take_admins_only(somebody, admin, route):
    """H61, S1-AUTHA-4, S3-AUTHU-6, S4-AUTHU-4, S4-AUTHA-5, S5-AUTHA-1, S2-ERR-5: a user gets 403."""
    assert_error(somebody.request(route.method, route.somewhere(), body_for(route)), 403, "FORBIDDEN")
    answer = admin.request(route.method, route.somewhere(), body_for(route))
    assert answer.status in (200, 400, 404), answer


@pytest.mark.parametrize("route", [route for route in ROUTES if route.access == "INTERNAL"], ids=str)
def test_internal_routes_take_the_key_only(anonymous, admin, internal_key, route):
    """S1-INT-5, S2's RequireInternalAuth: not even an administrator's token is a key."""

    def ask(client, **headers):
        return client.request(route.method, route.somewhere(), body_for(route), headers)

    for answer in (ask(anonymous), ask(admin), ask(anonymous, **{"X-Internal-API-Key": "x" * len(internal_key)})):
        assert_error(answer, 401, "UNAUTHORIZED")
    assert ask(anonymous, **{"X-Internal-API-Key": internal_key}).status in (200, 400, 404)


def test_every_route_has_a_known_access():
    """A new kind of access has to be walked here too."""
    assert {route.access for route in ROUTES} <= {"PUBLIC", "USER", "ADMIN", "INTERNAL"}


@pytest.mark.parametrize("path", ["/api/v1/seats/hold", "/api/v1/events/{event_id}/book"])
def test_body_cannot_name_another_user(user, other_user, event, path):
    """H01: the user always comes from the token; a body that says otherwise is refused."""
    body = {"event_id": event["event_id"], "quantity": 1, "user_id": other_user.user_id}
    answer = user.post(path.format(**event), body)
    assert_error(answer, 403, "FORBIDDEN", "user_id")
    assert user.available(event) == 100
    body["user_id"] = user.user_id.upper()
    made = expect(user.post(path.format(**event), body), 201)
    assert made["user_id"] == user.user_id


def test_query_cannot_name_another_user(user, other_user, event):
    """H01: a user_id in the address of a list is not looked at."""
    user.book(event, quantity=1)
    assert expect(other_user.get("/api/v1/users/bookings", user_id=user.user_id), 200)["bookings"] == []


def test_others_holds_are_out_of_reach(user, other_user, own_events_admin, seated_event):
    """H02: reading, validating, extending, releasing and confirming someone else's hold; it still stands."""
    hold = user.hold(seated_event, seat_ids=["A-1"])
    path = f"/api/v1/seats/hold/{hold['hold_id']}"
    for stranger in (other_user, own_events_admin):
        for answer in [
            stranger.get(path),
            stranger.get(f"{path}/validate"),
            stranger.post(f"{path}/extend"),
            stranger.delete(path),
            stranger.post("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"]}),
            stranger.post("/api/v1/bookings/confirm", {"hold_id": hold["hold_id"], "event_id": seated_event["event_id"]}),
        ]:
            assert answer.status in (403, 404), answer
            assert answer.code in ("FORBIDDEN", "HOLD_NOT_FOUND")
            assert user.user_id not in answer.body.decode()
    after = expect(user.get(path), 200)
    assert (after["status"], after["expires_at"]) == ("active", hold["expires_at"])


def test_others_bookings_are_out_of_reach(user, other_user, own_events_admin, event):
    """H02 for bookings: reading and the three ways to cancel; it still stands."""
    booking = user.book(event, quantity=1)
    path = f"/api/v1/bookings/{booking['booking_id']}"
    for stranger in (other_user, own_events_admin):
        for answer in [
            stranger.get(path),
            stranger.delete(path),
            stranger.post(f"{path}/cancel"),
            stranger.post(f"{path}/request-cancel"),
        ]:
            assert answer.status in (403, 404), answer
            assert answer.code in ("FORBIDDEN", "BOOKING_NOT_FOUND")
            assert user.user_id not in answer.body.decode()
    assert expect(user.get(path), 200) == booking


def test_admin_with_events_any_reaches_them(user, admin, event):
    """api.md, ownership: the owner, or an admin with permission events:any."""
    booking = user.book(event, quantity=1)
    assert expect(admin.get(f"/api/v1/bookings/{booking['booking_id']}"), 200) == booking
    hold = user.hold(event, quantity=1)
    assert expect(admin.get(f"/api/v1/seats/hold/{hold['hold_id']}"), 200)["user_id"] == user.user_id
    expect(admin.delete(f"/api/v1/bookings/{booking['booking_id']}"), 200)


def test_events_of_another_admin(own_events_admin, event, admin):
    """S2-AUTHA-4, CheckOwnership: without events:any an administrator manages his own events."""
    path = f"/api/v1/admin/events/{event['event_id']}"
    for answer in [
        own_events_admin.get(path),
        own_events_admin.put(path, {"name": "Mine"}),
        own_events_admin.patch(path, {"name": "Mine"}),
        own_events_admin.put(f"{path}/status", {"status": "inactive"}),
        own_events_admin.post(f"{path}/deactivate"),
        own_events_admin.delete(path),
    ]:
        assert_error(answer, 403, "FORBIDDEN")
    assert expect(admin.get(path), 200) == event


def test_unknown_ids_are_not_found(user):
    for method, path, code in [
        ("GET", "/api/v1/bookings/{}", "BOOKING_NOT_FOUND"),
        ("DELETE", "/api/v1/bookings/{}", "BOOKING_NOT_FOUND"),
        ("GET", "/api/v1/seats/hold/{}", "HOLD_NOT_FOUND"),
        ("DELETE", "/api/v1/seats/hold/{}", "HOLD_NOT_FOUND"),
        ("GET", "/api/v1/seats/hold/{}/validate", "HOLD_NOT_FOUND"),
        ("POST", "/api/v1/seats/hold/{}/extend", "HOLD_NOT_FOUND"),
    ]:
        assert_error(user.request(method, path.format(uuid4())), 404, code)


def test_web_apps_role_reads_no_table(sql):
    """H67: only EXECUTE on functions; not a table, not a column."""
    readable = sql(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'evently' AND c.relkind IN ('r', 'p', 'v', 'm')"
        "   AND (has_table_privilege('evently_shim', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')"
        "        OR has_any_column_privilege('evently_shim', c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))"
    )
    assert readable == []
    assert sql("SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles WHERE rolname = 'evently_shim'") == [
        (False, False, False, False)
    ]
    allowed = "SELECT has_function_privilege('evently_shim', oid, 'EXECUTE') FROM pg_proc WHERE proname = 'set_role'"
    assert sql(allowed) == [(False,)]
