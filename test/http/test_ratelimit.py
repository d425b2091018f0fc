"""Rate limits: api.md's figures, per class, user and address, exact over all workers (H70, H71)."""

import os
import re
import signal

import pytest

from client import Wire, assert_error, expect, http_bytes, in_parallel, unique
from conftest import PASSWORD
from instance import children_of, wait_until
from routes import all_routes
from server import run_with


def limit_of(answer):
    """(class, limit, window, remaining, seconds to the end) of an answer's headers."""
    policy = re.fullmatch(r'"([a-z-]+)";q=(\d+);w=(\d+)', answer.headers["ratelimit-policy"])
    state = re.fullmatch(r'"([a-z-]+)";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert policy[1] == state[1]
    return policy[1], int(policy[2]), int(policy[3]), int(state[2]), int(state[3])


def forwarded(client, address, path="/api/v1/events"):
    return client.request("GET", path, headers={"X-Forwarded-For": address})


def login(client, email, password, address=None):
    headers = {"X-Forwarded-For": address} if address else None
    return client.request("POST", "/api/v1/auth/login", {"email": email, "password": password}, headers)


def test_one_more_than_allowed_in_parallel(serve, user, event):
    """H70, S4-GW-3, S5-GW-3, S5-ERR-2: limit + 1 requests at once, over two workers: exactly one is refused."""
    server = serve(EVENTLY_RATE_LIMIT_BOOKING="20/1m")
    buyer = server.as_user(user)
    calls = [lambda: buyer.post("/api/v1/seats/hold", {"event_id": event["event_id"], "quantity": 0})] * 21
    answers = in_parallel(calls)
    refused = [answer for answer in answers if answer.status == 429]
    assert len(refused) == 1
    error = assert_error(refused[0], 429, "RATE_LIMITED")
    assert error["message"] == refused[0].json["detail"] == "Rate limit exceeded"  # S5-ERR-2
    assert 1 <= int(refused[0].headers["retry-after"]) <= 60
    assert sorted(limit_of(answer)[3] for answer in answers) == [0, *range(20)]


def test_headers_count_down_and_the_window_ends(serve, user):
    """H70: after Retry-After seconds there is room again."""
    buyer = serve(EVENTLY_RATE_LIMIT_USER="3/1s").as_user(user)
    answers = [buyer.get("/api/v1/auth/me") for _ in range(3)]
    assert [limit_of(answer)[:4] for answer in answers] == [("user", 3, 1, left) for left in (2, 1, 0)]
    assert wait_until(lambda: buyer.get("/api/v1/auth/me").status == 200, "the next window")


def test_users_and_classes_are_counted_apart(serve, user, other_user, event):
    """S3-GW-4, S5-FUT-2, S5-GW-8: one user's requests do not count for another, nor those of one class for the other."""
    server = serve(EVENTLY_RATE_LIMIT_BOOKING="1/1m", EVENTLY_RATE_LIMIT_USER="1/1m")
    one, other = server.as_user(user), server.as_user(other_user)
    order = {"event_id": event["event_id"], "quantity": 1}
    expect(one.post("/api/v1/seats/hold", order), 201)
    assert_error(one.post("/api/v1/seats/hold", order), 429, "RATE_LIMITED")
    expect(one.get("/api/v1/auth/me"), 200)
    expect(other.post("/api/v1/seats/hold", order), 201)


def test_refused_request_may_be_tried_again_with_its_key(serve, user, event):
    """H26: a request refused by a limit has not used its key."""
    buyer = serve(EVENTLY_RATE_LIMIT_BOOKING="1/1s").as_user(user)
    key = unique("key")

    def book():
        return buyer.post(f"/api/v1/events/{event['event_id']}/book", {"quantity": 1}, idempotency_key=key)

    first = expect(book(), 201)
    assert book().status in (201, 429)
    again = wait_until(lambda: (lambda answer: answer if answer.status == 201 else None)(book()), "the next window")
    assert again.json == first


def test_login_and_register_by_address(serve):
    """S4-AUTHU-7: 30 a minute from one address, also for those that are refused for what they say."""
    client = serve(EVENTLY_TRUSTED_PROXIES="127.0.0.1").client
    statuses = [client.post("/api/v1/auth/register", {"email": "x"}).status for _ in range(31)]
    assert statuses == [400] * 30 + [429]
    answer = client.request("POST", "/api/v1/auth/login", {"email": "x"}, headers={"X-Forwarded-For": "192.0.2.1"})
    assert limit_of(answer)[:4] == ("auth", 30, 60, 29)


def test_wrong_passwords_of_an_account(serve, user):
    """api.md: 5 failures in 15 minutes; then the right password is refused too."""
    client = serve().client
    answers = [login(client, user.email, "wrong password") for _ in range(6)]
    assert [answer.status for answer in answers] == [401] * 5 + [429]
    refused = login(client, user.email.upper(), user.password)
    assert_error(refused, 429, "RATE_LIMITED")
    assert 60 < int(refused.headers["retry-after"]) <= 900


def test_a_stranger_does_not_lock_the_owner_out(serve, user):
    """Who has guessed too often is refused, with the right password too; the owner is let in from where he is."""
    client = serve(EVENTLY_RATE_LIMIT_LOGIN_FAILURES="2/15m", EVENTLY_TRUSTED_PROXIES="127.0.0.1").client
    guesses = [login(client, user.email, "wrong password", "192.0.2.1").status for _ in range(3)]
    assert guesses == [401, 401, 429]
    assert login(client, user.email, user.password, "192.0.2.1").status == 429
    assert login(client, user.email, user.password, "192.0.2.2").status == 200
    network = [login(client, user.email, "wrong password", f"2001:db8:5:6::{number}").status for number in range(3)]
    assert network == [401, 401, 429], "one customer has a whole /64"
    assert login(client, user.email, user.password, "2001:db8:5:7::1").status == 200


def test_guesses_from_everywhere(serve, user):
    """20 times as many in all, for an account and for an address that has none."""
    client = serve(EVENTLY_RATE_LIMIT_LOGIN_FAILURES="1/15m", EVENTLY_TRUSTED_PROXIES="127.0.0.1").client
    for email in (user.email, f"{unique('nobody')}@example.com"):
        guesses = [login(client, email, "wrong password", f"192.0.2.{number}") for number in range(21)]
        assert [guess.status for guess in guesses] == [401] * 20 + [429]
        assert guesses[-1].json["error"]["details"]["limit"] == 20
        assert login(client, email, user.password, "192.0.2.99").status == 429


def test_wrong_passwords_in_parallel(serve, user):
    """H64, H70: 12 guesses at once tell no more than 5; an address without an account looks the same."""
    server = serve()
    for email in (user.email, f"{unique('nobody')}@example.com"):
        answers = in_parallel([lambda email=email: login(server.client, email, "wrong password")] * 12)
        assert sorted(answer.status for answer in answers) == [401] * 5 + [429] * 7


def test_right_passwords_are_not_counted(serve, user):
    client = serve(EVENTLY_RATE_LIMIT_AUTH="off").client
    answers = in_parallel([lambda: login(client, user.email, user.password)] * 12)
    assert {answer.status for answer in answers} == {200}


def test_wrong_present_passwords(serve, user):
    """Whoever has a token cannot guess on through change-password."""
    person = serve().as_user(user)
    body = {"current_password": "wrong password", "new_password": PASSWORD}
    statuses = [person.put("/api/v1/auth/change-password", body).status for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert person.post("/api/v1/auth/delete-account", {"password": PASSWORD}).status == 429


def test_logins_and_present_passwords_are_counted_apart(serve, user):
    """Those who guess do not use up what somebody with a token may get wrong."""
    server = serve(EVENTLY_RATE_LIMIT_LOGIN_FAILURES="1/15m")
    person = server.as_user(user)
    assert [login(server.client, user.email, "wrong password").status for _ in range(2)] == [401, 429]
    wrong = {"current_password": "wrong password", "new_password": PASSWORD}
    assert person.put("/api/v1/auth/change-password", wrong).status == 401
    assert person.put("/api/v1/auth/change-password", wrong).status == 429


def test_a_token_helps_against_guesses(serve, user):
    """Who has one, and the right password, is let on while strangers guess."""
    server = serve(EVENTLY_RATE_LIMIT_LOGIN_FAILURES="1/15m")
    assert [login(server.client, user.email, "wrong password").status for _ in range(2)] == [401, 429]
    expect(server.as_user(user).post("/api/v1/auth/delete-account", {"password": user.password}), 200)


def test_strangers_cannot_name_another_address(serve):
    """H71: X-Forwarded-For of somebody who is no trusted proxy does not reset the limit."""
    client = serve(EVENTLY_RATE_LIMIT_PUBLIC="3/1m").client
    statuses = [forwarded(client, f"192.0.2.{number}").status for number in range(5)]
    assert statuses == [200] * 3 + [429] * 2


def test_trusted_proxies(serve):
    """H71: behind a trusted proxy each client is counted by himself, by the last address that no proxy of ours wrote."""
    client = serve(EVENTLY_RATE_LIMIT_PUBLIC="1/1m", EVENTLY_TRUSTED_PROXIES="127.0.0.0/8, 10.0.0.0/8,2001:db8:1::/48").client
    assert forwarded(client, "192.0.2.1").status == 200
    assert forwarded(client, "192.0.2.2, 10.1.2.3").status == 200
    for same in ["192.0.2.1", "6.6.6.6, 192.0.2.1", "6.6.6.6,192.0.2.1:4711, 10.0.0.9", "192.0.2.1 ,[2001:db8:1::7]:443"]:
        assert forwarded(client, same).status == 429, same
    assert forwarded(client, "192.0.2.3, nonsense, 10.1.1.1").status == 200, "10.1.1.1 itself"
    assert forwarded(client, "192.0.2.4, nonsense, 10.1.1.1").status == 429


def test_several_header_lines(serve):
    """H71: the last line is the one that the proxy wrote."""
    server = serve(EVENTLY_RATE_LIMIT_PUBLIC="1/1m", EVENTLY_TRUSTED_PROXIES="127.0.0.1")
    statuses = []
    for number in range(2):
        headers = [f"X-Forwarded-For: 6.6.6.{number}", "X-Forwarded-For: 192.0.2.9"]
        with Wire(server.url).send(http_bytes("GET", "/api/v1/events", headers=headers)) as wire:
            statuses.append(wire.answer().status)
    assert statuses == [200, 429]


def test_ipv6_customers(serve):
    """One customer has a whole /64: his addresses are counted together."""
    client = serve(EVENTLY_RATE_LIMIT_PUBLIC="1/1m", EVENTLY_TRUSTED_PROXIES="127.0.0.1").client
    assert forwarded(client, "2001:db8:5:6::1").status == 200
    assert forwarded(client, "2001:db8:5:6:ffff::2").status == 429
    assert forwarded(client, "2001:db8:5:7::1").status == 200


def test_a_new_worker_knows_the_counts(serve):
    """H70: the counts outlive the worker that made them."""
    server = serve(EVENTLY_RATE_LIMIT_PUBLIC="4/1m")
    assert [server.client.get("/api/v1/events").status for _ in range(3)] == [200] * 3
    old = children_of(server.process.pid)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(children_of(server.process.pid) - old) == len(old), "new workers")

    def ask():
        try:
            return server.client.get("/api/v1/events").status
        except ConnectionError:
            return None

    statuses = [wait_until(ask, "an answer") for _ in range(2)]
    assert statuses == [200, 429]


def test_defaults(serve, user, admin, event):
    """api.md, rate limits: booking 60 a minute by user, admin 600, public reads none."""
    server = serve()
    assert limit_of(server.as_user(user).post("/api/v1/bookings/confirm", {}))[:4] == ("booking", 60, 60, 59)
    assert limit_of(server.as_user(admin).get("/api/v1/admin/venues"))[:4] == ("admin", 600, 60, 599)
    for path in ("/api/v1/events", f"/api/v1/events/{event['event_id']}/availability", "/healthz"):
        assert "ratelimit" not in server.client.get(path).headers


def test_off(serve, user):
    """EVENTLY_RATE_LIMIT=off: for benches."""
    buyer = serve(EVENTLY_RATE_LIMIT="off", EVENTLY_RATE_LIMIT_BOOKING="1/1m").as_user(user)
    answers = [buyer.post("/api/v1/bookings/confirm", {}) for _ in range(3)]
    assert {answer.status for answer in answers} == {400}
    assert "ratelimit" not in answers[0].headers


def test_every_sensitive_route_has_a_class():
    """S4-GW-3: login, booking, admin."""
    for route in all_routes():
        if route.access == "ADMIN":
            assert route.limit == "ADMIN", route
        if route.path.endswith(("/login", "/register", "/signup")):
            assert route.limit == "AUTH", route
        if route.path.endswith(("/book", "/hold", "/confirm")):
            assert route.limit == "BOOKING", route


@pytest.mark.parametrize(
    "settings",
    [
        {"EVENTLY_RATE_LIMIT_BOOKING": "many"},
        {"EVENTLY_RATE_LIMIT_BOOKING": "0/1m"},
        {"EVENTLY_RATE_LIMIT_BOOKING": "60/0s"},
        {"EVENTLY_RATE_LIMIT_BOOKING": "60/48h"},
        {"EVENTLY_TRUSTED_PROXIES": "10.0.0.0/33"},
        {"EVENTLY_TRUSTED_PROXIES": "10.0.0.0/4294967304"},
        {"EVENTLY_TRUSTED_PROXIES": "proxy.example.com"},
    ],
    ids=lambda settings: "=".join(*settings.items()),
)
def test_unusable_settings(settings):
    code, said = run_with({"EVENTLY_ENV": "development", **settings})
    assert code == 1
    assert next(iter(settings)) in said
