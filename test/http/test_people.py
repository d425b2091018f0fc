"""Accounts as administrators and other services see them: admin/users, roles, and the internal endpoints."""

from uuid import uuid4

import pytest

import tokens
from client import Client, assert_error, expect, in_parallel, unique
from conftest import PASSWORD
from instance import wait_until
from server import run_with
from test_bootstrap import registration


@pytest.fixture
def service(url, internal_key):
    return Client(url, internal_key=internal_key)


def verify(service, token):
    return expect(service.post("/internal/auth/verify", {"token": token}), 200)


def sign_in(person):
    session = expect(person.post("/api/v1/auth/login", {"email": person.email, "password": person.password}), 200)
    return person.signed_in_as(session, person.password)


def set_role(admin, person, role, **more):
    return admin.patch(f"/api/v1/admin/users/{person.user_id}/role", {"role": role, **more})


def test_list_of_users(admin, new_user):
    """S4-AUTHA-2: by part of name or address, a page at a time."""
    name = unique("Searched 100%_sure")
    people = [new_user(name=name) for _ in range(3)]
    page = expect(admin.get("/api/v1/admin/users", q=name, limit=2), 200)
    assert (page["total"], page["has_more"], len(page["users"])) == (3, True, 2)
    rest = expect(admin.get("/api/v1/admin/users", q=name, limit=2, page=2), 200)
    assert {user["user_id"] for user in page["users"] + rest["users"]} == {person.user_id for person in people}
    assert not any("password" in field for user in page["users"] for field in user)
    assert expect(admin.get("/api/v1/admin/users", q=name, role="admin"), 200)["users"] == []


def test_create_a_user(admin, url, anonymous):
    """S4-AUTHA-3: role is optional; the new one can sign in."""
    body = {"name": "Staff", "email": f"{unique('staff')}@example.com", "password": PASSWORD}
    made = expect(admin.post("/api/v1/admin/users", body), 201)
    assert (made["role"], made["email"]) == ("user", body["email"])
    expect(anonymous.post("/api/v1/auth/login", {"email": body["email"], "password": PASSWORD}), 200)
    assert_error(admin.post("/api/v1/admin/users", body), 409, "EMAIL_TAKEN")
    staff = expect(admin.post("/api/v1/admin/users", {**body, "email": f"s{body['email']}", "role": "ADMIN"}), 201)
    assert (staff["role"], staff["permissions"]) == ("admin", ["events:own"])
    for field in ("name", "email", "password"):
        missing = {name: value for name, value in body.items() if name != field}
        assert_error(admin.post("/api/v1/admin/users", missing), 400, "VALIDATION_ERROR", field)


def test_roles_take_effect_at_once(admin, user):
    """S4-AUTHA-4, H62: PATCH role ends the tokens of before; a new login has the new role."""
    assert expect(set_role(admin, user, "admin"), 200)["role"] == "admin"
    assert_error(user.get("/api/v1/auth/me"), 401, "UNAUTHORIZED")
    promoted = sign_in(user)
    expect(promoted.get("/api/v1/admin/events"), 200)
    assert expect(set_role(admin, user, "USER"), 200)["role"] == "user"
    assert_error(promoted.get("/api/v1/admin/events"), 401, "UNAUTHORIZED")
    assert_error(set_role(admin, user, "king"), 400, "VALIDATION_ERROR", "role")


def test_nobody_gives_what_he_has_not(own_events_admin, user):
    """H60: an administrator with events:own cannot make one with events:any."""
    assert_error(set_role(own_events_admin, user, "admin", permissions=["events:any"]), 403, "FORBIDDEN")


def test_nobody_gives_with_a_role_what_he_has_not(new_admin, user):
    """An administrator who only looks at bookings makes none who manages events, in none of the three ways."""
    reader = new_admin(permissions=["bookings:read"])
    assert_error(set_role(reader, user, "admin"), 403, "FORBIDDEN")
    assert_error(reader.post("/api/v1/admin/users", {**registration(), "role": "admin"}), 403, "FORBIDDEN")
    assert_error(reader.post("/api/v1/auth/admin/register", registration()), 403, "FORBIDDEN")


def test_nobody_takes_what_he_has_not(own_events_admin, new_admin):
    """H60: nor demote or erase who may more than he; who may all may do that."""
    chief, equal = new_admin(), new_admin(permissions=["events:own"])
    for more in ({"role": "user"}, {"role": "admin"}, {"role": "admin", "permissions": ["events:own"]}):
        refused = own_events_admin.patch(f"/api/v1/admin/users/{chief.user_id}/role", more)
        assert assert_error(refused, 403, "FORBIDDEN")["details"]["permission"] == "events:any"
    assert_error(own_events_admin.delete(f"/api/v1/admin/users/{chief.user_id}"), 403, "FORBIDDEN")
    expect(chief.get("/api/v1/auth/me"), 200)
    assert_error(set_role(own_events_admin, equal, "user"), 403, "FORBIDDEN")
    assert_error(set_role(own_events_admin, equal, "admin", permissions=[]), 403, "FORBIDDEN")
    expect(equal.get("/api/v1/auth/me"), 200)
    assert expect(set_role(chief, own_events_admin, "user"), 200)["role"] == "user"


def test_a_role_that_is_there_already_signs_nobody_out(own_events_admin, user):
    """Whoever may change roles can't end others' logins with it."""
    assert expect(set_role(own_events_admin, user, "user"), 200)["role"] == "user"
    expect(user.get("/api/v1/auth/me"), 200)


def test_last_admin_stays(instance):
    """H60: the last administrator cannot take the role from himself; two at once leave one."""
    wait_until(instance.is_ready, "the instance is ready")
    with instance.connect() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE evently.account SET role = 'user' WHERE role = 'admin' AND email <> 'admin@example.com'")
    admin = Client(instance.url).signed_in_as(
        expect(instance.client.post("/api/v1/auth/login", {"email": "admin@example.com", "password": "qwerty"}), 200), "qwerty"
    )
    assert_error(set_role(admin, admin, "user"), 409, "LAST_ADMIN")
    other = expect(admin.post("/api/v1/auth/admin/register", registration()), 201)
    second = admin.signed_in_as(other, PASSWORD)
    answers = in_parallel([lambda: set_role(admin, admin, "user"), lambda: set_role(second, second, "user")])
    assert sorted(answer.status for answer in answers) == [200, 409]
    with instance.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM evently.set_role('admin@example.com', 'admin')")


def test_verify(service, user, admin):
    """S1-INT-1, S1-AUTHA-6, S2-AUTHA-5, S5-TEST-1: whose token it is, what he may, until when."""
    found = verify(service, admin.token)
    claims = tokens.claims_of(admin.token)
    assert found.pop("expires_at").endswith("Z")
    assert found == {
        "valid": True,
        "user_id": admin.user_id,
        "email": admin.email,
        "role": "admin",
        "permissions": claims["permissions"],
    }
    assert verify(service, user.token)["role"] == "user"


def test_verify_tells_what_counts_no_more(service, user, new_user):
    """S2-AUTHA-6, H62, H65: forged, expired, of nobody, of before a logout or a new password."""
    for token in ("x", "x.y.z", tokens.make({**tokens.good_claims(user.user_id), "exp": 1})):
        assert verify(service, token) == {"valid": False}
    assert verify(service, tokens.make(tokens.good_claims(str(uuid4())))) == {"valid": False}
    person = new_user()
    expect(person.put("/api/v1/auth/change-password", {"current_password": PASSWORD, "new_password": PASSWORD + "!"}), 200)
    assert verify(service, person.token) == {"valid": False}


def test_internal_reads(service, user, event):
    """S1-INT-2, S1-INT-4, S2-INT-2: also of events that are not published."""
    assert expect(service.get(f"/internal/users/{user.user_id}"), 200)["email"] == user.email
    assert_error(service.get(f"/internal/users/{uuid4()}"), 404, "USER_NOT_FOUND")
    found = expect(service.get(f"/internal/events/{event['event_id']}"), 200)
    for field in ("event_id", "available_seats", "max_tickets_per_booking", "base_price", "version", "status"):
        assert found[field] == event[field]
    assert_error(service.get(f"/internal/events/{uuid4()}"), 404, "EVENT_NOT_FOUND")


def test_without_a_key_nobody_is_internal(serve):
    """In production no key is made up: where none is set, none fits."""
    server = serve()
    for key in ("", "x"):
        answer = server.client.request("POST", "/internal/auth/verify", {"token": "x"}, {"X-Internal-API-Key": key})
        assert_error(answer, 401, "UNAUTHORIZED")


@pytest.mark.parametrize("name", ["EVENTLY_JWT_SECRET", "EVENTLY_INTERNAL_API_KEY"])
@pytest.mark.parametrize("secret", ["short", "a" * 64, "0123" * 16])
def test_weak_secrets_stop_the_start(name, secret):
    """H66, S1-OPS-12, S3-OPS-5, S4-OPS-2: outside development."""
    good = "6f1e0c9a7b3d52488e4f0a1b2c3d4e5f"
    settings = {"EVENTLY_JWT_SECRET": good, "EVENTLY_INTERNAL_API_KEY": good, name: secret}
    code, said = run_with({**settings, "EVENTLY_ENV": "production"})
    assert code == 1 and name in said and "too weak" in said
    assert secret not in said


def test_missing_secret_stops_the_start():
    code, said = run_with({"EVENTLY_ENV": "production"})
    assert code == 1 and "EVENTLY_JWT_SECRET" in said and "openssl rand" in said
