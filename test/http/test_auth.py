"""Accounts and sessions: registering, signing in, refresh tokens, passwords, administrators."""

import uuid

import pytest

import tokens
from client import assert_error, expect, in_parallel, unique
from conftest import PASSWORD
from test_metrics import value

USER_FIELDS = {
    "user_id", "email", "name", "first_name", "last_name", "phone_number", "role", "is_active", "created_at", "updated_at",
}  # fmt: skip
SESSION_FIELDS = {"access_token", "refresh_token", "token_type", "expires_in", "user"}


def registration(**fields):
    return {"email": f"{unique('user')}@example.com", "password": PASSWORD, "name": "Test User", **fields}


@pytest.mark.parametrize("word", ["register", "signup"])
def test_register_answer(anonymous, word):
    """S1-AUTHU-1, S1-AUTHU-11, S3-AUTHU-1, S4-AUTHU-1, S5-AUTHU-1, api.md, register: user and tokens; the user's fields are repeated at the top."""
    body = registration(first_name="Tess", last_name="User", phone_number="+1 555 0100")
    answer = expect(anonymous.post(f"/api/v1/auth/{word}", body), 201)
    assert SESSION_FIELDS | USER_FIELDS <= set(answer)
    assert USER_FIELDS <= set(answer["user"])
    assert uuid.UUID(answer["user_id"])
    for field in USER_FIELDS:
        assert answer[field] == answer["user"][field], field
    for field in ["email", "name", "first_name", "last_name", "phone_number"]:
        assert answer[field] == body[field], field
    assert (answer["role"], answer["is_active"]) == ("user", True)
    assert "password" not in str(answer).lower()


def test_login_answer_and_me(anonymous, user):
    """S1-AUTHU-2, S3-AUTHU-2, S4-AUTHU-2, S5-AUTHU-2; S1-AUTHU-5, S4-AUTHU-3, S5-AUTHU-3: by both names."""
    session = expect(anonymous.post("/api/v1/auth/login", {"email": user.email, "password": user.password}), 200)
    assert SESSION_FIELDS <= set(session)
    assert (session["token_type"], session["expires_in"]) == ("bearer", 900)
    signed_in = anonymous.signed_in_as(session)
    assert expect(signed_in.get("/api/v1/auth/me"), 200) == session["user"] == user.user
    assert expect(signed_in.get("/api/v1/users/profile"), 200) == session["user"]


def test_access_token_claims(user):
    """S1-AUTHU-9, S1-AUTHA-3, S4-AUTHU-5, S5-AUTHU-6, api.md, access token: HS256, 15 minutes."""
    claims = tokens.claims_of(user.token)
    assert (claims["iss"], claims["typ"], claims["sub"], claims["role"]) == ("evently", "access", user.user_id, "user")
    assert claims["exp"] - claims["iat"] == 900
    assert {"permissions", "ver", "jti", "nbf"} <= set(claims)
    assert tokens.decode(user.token.split(".")[0])["alg"] == "HS256"


def test_profile_is_changed_in_part(user):
    """S1-AUTHU-6."""
    changed = expect(user.put("/api/v1/users/profile", {"name": "New Name", "phone_number": "123"}), 200)
    assert (changed["name"], changed["phone_number"]) == ("New Name", "123")
    assert changed["email"] == user.email
    assert expect(user.get("/api/v1/auth/me"), 200)["name"] == "New Name"


def test_email_is_compared_without_case(anonymous):
    """H63."""
    body = registration()
    expect(anonymous.post("/api/v1/auth/register", body), 201)
    assert_error(anonymous.post("/api/v1/auth/register", {**body, "email": body["email"].upper()}), 409, "EMAIL_TAKEN")
    expect(anonymous.post("/api/v1/auth/login", {"email": body["email"].title(), "password": PASSWORD}), 200)


def test_parallel_registrations_of_one_address(anonymous):
    """H63: 50 at once, in different cases: one 201, the rest 409."""
    body = registration()
    spellings = [body["email"], body["email"].upper(), body["email"].title()]
    answers = in_parallel(
        lambda i=i: anonymous.post("/api/v1/auth/register", {**body, "email": spellings[i % 3]}) for i in range(50)
    )
    assert sorted(answer.status for answer in answers) == [201] + [409] * 49
    assert {answer.code for answer in answers if answer.status == 409} == {"EMAIL_TAKEN"}


@pytest.mark.parametrize(
    "field, value",
    [
        ("email", None),
        ("email", ""),
        ("email", "nobody"),
        ("email", "@example.com"),
        ("email", "a@"),
        ("email", "a b@example.com"),
        ("email", "a@b@example.com"),
        ("email", 5),
        ("email", "x" * 250 + "@example.com"),
        ("password", None),
        ("password", ""),
        ("password", "abc"),
        ("password", "x" * 73),
        ("password", "\u00e4" * 37),
        ("password", 12345678),
        ("name", ""),
        ("name", None),
    ],
)
def test_registration_names_the_bad_field(anonymous, field, value):
    """S5-AUTHU-7, S3-GW-9: validation names the field. Passwords have 4 (development) to 72 bytes."""
    assert_error(anonymous.post("/api/v1/auth/register", registration(**{field: value})), 400, "VALIDATION_ERROR", field)


def test_longest_password_counts_to_the_last_byte(anonymous):
    """S1-AUTHU-8, S3-AUTHU-8, S4-AUTHU-6, S5-AUTHU-5: bcrypt looks at 72 bytes; all of them matter, more are refused."""
    body = registration(password="x" * 72)
    expect(anonymous.post("/api/v1/auth/register", body), 201)
    login = {"email": body["email"], "password": "x" * 72}
    expect(anonymous.post("/api/v1/auth/login", login), 200)
    for wrong in ["x" * 71, "x" * 71 + "y", "x" * 73]:
        assert anonymous.post("/api/v1/auth/login", {**login, "password": wrong}).status == 401


def test_unknown_email_and_wrong_password_answer_alike(anonymous, user):
    """H64, the answer's part of it."""
    wrong = anonymous.post("/api/v1/auth/login", {"email": user.email, "password": "not it"})
    unknown = anonymous.post("/api/v1/auth/login", {"email": f"{unique('x')}@example.com", "password": "not it"})
    errors = [assert_error(answer, 401, "UNAUTHORIZED") for answer in (wrong, unknown)]
    for error in errors:
        del error["timestamp"]
    assert errors[0] == errors[1]
    volatile = {"x-request-id", "date"}
    assert [(name, value) for name, value in wrong.headers.items() if name not in volatile] == [
        (name, value) for name, value in unknown.headers.items() if name not in volatile
    ]


def test_unknown_email_and_wrong_password_take_the_same_time(serve):
    """H64: what takes the time is the hash, and an address that nobody has costs one too."""
    client = serve().client
    body = registration()
    expect(client.post("/api/v1/auth/register", body), 201)
    for email in (body["email"], f"{unique('x')}@example.com"):
        before = value(client, "evently_password_hashes_total")
        assert_error(client.post("/api/v1/auth/login", {"email": email, "password": "not it"}), 401, "UNAUTHORIZED")
        assert value(client, "evently_password_hashes_total") == before + 1


def test_role_in_a_registration_is_ignored(anonymous):
    """H60, S3-AUTHA-1: accepted, without any effect."""
    for role in ["ADMIN", "admin", ["admin"], {"role": "admin"}]:
        answer = expect(anonymous.post("/api/v1/auth/register", registration(role=role)), 201)
        assert answer["role"] == "user"
        somebody = anonymous.signed_in_as(answer)
        assert tokens.claims_of(somebody.token)["role"] == "user"
        assert_error(somebody.get("/api/v1/admin/events"), 403, "FORBIDDEN")


def refresh(client, token):
    return client.post("/api/v1/auth/refresh", {"refresh_token": token})


def test_refresh_rotates(anonymous, user):
    """S1-AUTHU-3, S3-AUTHU-3, S5-AUTHU-4, S3-AUTHU-7, api.md, token lifetimes: every refresh gives a new pair, and both work."""
    renewed = expect(refresh(anonymous, user.refresh_token), 200)
    assert SESSION_FIELDS <= set(renewed)
    assert renewed["refresh_token"] != user.refresh_token
    expect(anonymous.signed_in_as(renewed).get("/api/v1/auth/me"), 200)
    expect(refresh(anonymous, renewed["refresh_token"]), 200)


def test_reuse_of_a_refresh_token_revokes_its_family(anonymous, user):
    """H62: the second use gives away a theft; nobody may go on with what came of it. Another login is not touched."""
    other_login = expect(anonymous.post("/api/v1/auth/login", {"email": user.email, "password": user.password}), 200)
    renewed = expect(refresh(anonymous, user.refresh_token), 200)
    assert_error(refresh(anonymous, user.refresh_token), 401, "UNAUTHORIZED")
    assert_error(refresh(anonymous, renewed["refresh_token"]), 401, "UNAUTHORIZED")
    for session in (user.token, renewed["access_token"]):
        assert_error(anonymous.with_token(session).get("/api/v1/auth/me"), 401, "UNAUTHORIZED")
    again = expect(refresh(anonymous, other_login["refresh_token"]), 200)
    assert_error(refresh(anonymous, user.refresh_token), 401, "UNAUTHORIZED")
    expect(anonymous.signed_in_as(again).get("/api/v1/auth/me"), 200)


def test_parallel_refreshes_with_one_token(anonymous, user):
    """H62: of 10 at once one at most goes through."""
    answers = in_parallel([lambda: refresh(anonymous, user.refresh_token)] * 10)
    statuses = sorted(answer.status for answer in answers)
    assert statuses == [200] + [401] * 9


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "\u00e9\u00e9", "a.b.c", "'; DROP TABLE account --", "x" * 5000])
def test_unknown_refresh_tokens(anonymous, token):
    answer = refresh(anonymous, token)
    assert answer.status in (400, 401) and answer.code in ("VALIDATION_ERROR", "UNAUTHORIZED")


def test_access_token_is_no_refresh_token(anonymous, user):
    assert_error(refresh(anonymous, user.token), 401, "UNAUTHORIZED")
    assert_error(anonymous.with_token(user.refresh_token).get("/api/v1/auth/me"), 401, "UNAUTHORIZED")


def test_logout(anonymous, user):
    """S1-AUTHU-4, H62: no token of it is worth anything afterwards, another login goes on; logging out again is no error."""
    other_login = expect(anonymous.post("/api/v1/auth/login", {"email": user.email, "password": user.password}), 200)
    renewed = expect(refresh(anonymous, user.refresh_token), 200)
    assert expect(anonymous.post("/api/v1/auth/logout", {"refresh_token": renewed["refresh_token"]}), 200)["message"]
    assert_error(refresh(anonymous, renewed["refresh_token"]), 401, "UNAUTHORIZED")
    assert_error(refresh(anonymous, user.refresh_token), 401, "UNAUTHORIZED")
    expect(anonymous.post("/api/v1/auth/logout", {"refresh_token": renewed["refresh_token"]}), 200)
    expect(anonymous.post("/api/v1/auth/logout", {"refresh_token": "never seen"}), 200)
    for token in (user.token, renewed["access_token"]):
        assert_error(anonymous.with_token(token).get("/api/v1/auth/me"), 401, "UNAUTHORIZED")
    expect(anonymous.signed_in_as(expect(refresh(anonymous, other_login["refresh_token"]), 200)).get("/api/v1/auth/me"), 200)


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_change_password(anonymous, user, method):
    """S3-AUTHU-4: PUT and POST; the old password and the old refresh tokens no longer work (H62)."""
    new_password = unique("secret")
    body = {"current_password": user.password, "new_password": new_password}
    expect(user.request(method, "/api/v1/auth/change-password", body), 200)
    login = {"email": user.email, "password": user.password}
    assert_error(anonymous.post("/api/v1/auth/login", login), 401, "UNAUTHORIZED")
    expect(anonymous.post("/api/v1/auth/login", {**login, "password": new_password}), 200)
    assert_error(refresh(anonymous, user.refresh_token), 401, "UNAUTHORIZED")


def test_change_password_wants_the_present_one(anonymous, user):
    body = {"current_password": "not it", "new_password": "something new"}
    assert_error(user.post("/api/v1/auth/change-password", body), 401, "UNAUTHORIZED")
    expect(anonymous.post("/api/v1/auth/login", {"email": user.email, "password": user.password}), 200)
    expect(refresh(anonymous, user.refresh_token), 200)


@pytest.mark.parametrize("new_password", ["", "abc", "x" * 73, 5])
def test_change_password_refuses_bad_ones(user, new_password):
    body = {"current_password": user.password, "new_password": new_password}
    assert_error(user.post("/api/v1/auth/change-password", body), 400, "VALIDATION_ERROR", "new_password")


def test_password_change_ends_access_tokens(user):
    """H62: the token's `ver` is the account's token version, which a new password raises."""
    body = {"current_password": user.password, "new_password": "something new"}
    expect(user.post("/api/v1/auth/change-password", body), 200)
    assert_error(user.get("/api/v1/auth/me"), 401, "UNAUTHORIZED")


def test_role_change_ends_access_tokens(new_admin, sql):
    """H62: who is no longer an administrator loses it with the old token too."""
    former = new_admin()
    expect(former.get("/api/v1/admin/events"), 200)
    sql("SELECT FROM evently.set_role(%s, 'user')", former.email)
    answer = former.get("/api/v1/admin/events")
    assert answer.status in (401, 403), answer


def test_inactive_account_cannot_sign_in(anonymous, user, sql):
    sql("UPDATE evently.account SET is_active = false WHERE account_id = %s", user.user_id)
    answer = anonymous.post("/api/v1/auth/login", {"email": user.email, "password": user.password})
    assert_error(answer, 403, "FORBIDDEN")
    assert refresh(anonymous, user.refresh_token).status in (401, 403)


def test_admin_registration_when_there_is_one(anonymous, user):
    """api.md, becoming an admin: the bootstrap is over as soon as an administrator exists."""
    for client in (anonymous, user):
        assert_error(client.post("/api/v1/auth/admin/register", registration()), 403, "FORBIDDEN")
    wrong_key = anonymous.post("/api/v1/auth/admin/register", registration(), x_internal_api_key="guess")
    assert_error(wrong_key, 403, "FORBIDDEN")
    empty_key = anonymous.post("/api/v1/auth/admin/register", registration(), x_internal_api_key="")
    assert_error(empty_key, 403, "FORBIDDEN")


def test_admin_registers_and_refreshes_an_admin(anonymous, admin):
    """S2-AUTHA-1 to 3, S1-AUTHA-1 to 3."""
    body = registration(role="ADMIN", phone_number="1")
    made = expect(admin.post("/api/v1/auth/admin/register", body), 201)
    assert {"admin_id", "email", "name", "access_token", "refresh_token", "role", "permissions"} <= set(made)
    assert (made["admin_id"], made["role"], made["permissions"]) == (made["user_id"], "admin", ["events:own"])

    session = expect(anonymous.post("/api/v1/auth/admin/login", {"email": body["email"], "password": PASSWORD}), 200)
    assert {"admin_id", "access_token", "refresh_token", "role", "permissions"} <= set(session)
    expect(anonymous.signed_in_as(session).get("/api/v1/admin/events"), 200)

    renewed = expect(anonymous.post("/api/v1/auth/admin/refresh", {"refresh_token": session["refresh_token"]}), 200)
    assert {"access_token", "refresh_token"} <= set(renewed)
    assert renewed["refresh_token"] != session["refresh_token"]


def test_user_is_no_admin_at_the_admin_login(anonymous, user):
    login = {"email": user.email, "password": user.password}
    assert_error(anonymous.post("/api/v1/auth/admin/login", login), 403, "FORBIDDEN")
    assert_error(anonymous.post("/api/v1/auth/admin/login", {**login, "password": "x"}), 401, "UNAUTHORIZED")


def test_promoted_admin_may_manage_all_events(admin, own_events_admin, event):
    """api.md, own or all events: set_role gives events:any, an administrator's registration events:own."""
    assert "events:any" in admin.user["permissions"]
    path = f"/api/v1/admin/events/{event['event_id']}"
    assert_error(own_events_admin.put(path, {"name": "Mine now"}), 403, "FORBIDDEN")
