"""H65: forged and broken access tokens, each refused with 401, whatever is wrong with it."""

import hashlib
import time

import pytest

import tokens
from client import assert_error, expect


def with_claims(**changes):
    """A token of our own secret with changed claims; None takes a claim away."""

    def make(user):
        claims = {**tokens.good_claims(user.user_id), **changes}
        return tokens.make({name: value for name, value in claims.items() if value is not None})

    return make


def with_header(header, **how):
    return lambda user: tokens.make(tokens.good_claims(user.user_id), header, **how)


def unsigned(header):
    return lambda user: f"{tokens.encode(header)}.{tokens.encode(tokens.good_claims(user.user_id))}."


def tampered(user):
    """A user's token whose payload says admin."""
    header, _, signature = user.token.split(".")
    return f"{header}.{tokens.encode({**tokens.claims_of(user.token), 'role': 'admin'})}.{signature}"


def other_last_digit(user):
    """The last digit of a signature carries two bits that mean nothing: another one there is another text."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return user.token[:-1] + digits[digits.index(user.token[-1]) ^ 1]


def payload_with_loose_bits(user):
    """The same for the payload, under a signature that is right."""
    payload = tokens.encode(tokens.good_claims(user.user_id) | {"jti": "1"})
    while len(payload) % 4 == 0:
        payload = tokens.encode(tokens.decode(payload) | {"jti": tokens.decode(payload)["jti"] + "1"})
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    payload = payload[:-1] + digits[digits.index(payload[-1]) ^ 1]
    return tokens.sign(f"{tokens.encode({'alg': 'HS256'})}.{payload}")


HS256 = {"alg": "HS256", "typ": "JWT"}
LONG_AGO = int(time.time()) - 3600
FAR_OFF = int(time.time()) + 3600

BROKEN = {
    "alg none, unsigned": unsigned({"alg": "none", "typ": "JWT"}),
    "alg None, unsigned": unsigned({"alg": "None"}),
    "alg HS256, unsigned": unsigned(HS256),
    "alg none, but signed": with_header({"alg": "none"}),
    "alg HS512, signed so": with_header({"alg": "HS512"}, algorithm=hashlib.sha512),
    "alg HS512, signed with SHA-256": with_header({"alg": "HS512"}),
    "alg RS256": with_header({"alg": "RS256"}),
    "alg in lower case": with_header({"alg": "hs256"}),
    "alg is a list": with_header({"alg": ["HS256"]}),
    "no alg": with_header({"typ": "JWT"}),
    "header is no object": with_header(["HS256"]),
    "critical extension": with_header({"alg": "HS256", "crit": ["exp"]}),
    "another key": with_header(HS256, key=b"secret"),
    "empty key": with_header(HS256, key=b""),
    "tampered payload": tampered,
    "signature cut": lambda user: user.token[:-5],
    "signature longer": lambda user: user.token + "AAAA",
    "no signature": lambda user: user.token.rsplit(".", 1)[0],
    "four parts": lambda user: user.token + ".AAAA",
    "padded": lambda user: user.token + "=",
    "non-canonical signature": other_last_digit,
    "non-canonical payload": payload_with_loose_bits,
    "base64 with plus and slash": lambda user: tokens.sign(f"{tokens.encode(HS256)}.+/+/"),
    "payload is no JSON": lambda user: tokens.sign(f"{tokens.encode(HS256)}.{tokens.encode(b'{')}"),
    "payload is no object": lambda user: tokens.sign(f"{tokens.encode(HS256)}.{tokens.encode([])}"),
    "payload is empty": lambda user: tokens.sign(f"{tokens.encode(HS256)}."),
    "expired": with_claims(exp=LONG_AGO),
    "exp missing": with_claims(exp=None),
    "exp is text": with_claims(exp=str(FAR_OFF)),
    "exp negative": with_claims(exp=-1),
    "exp beyond any number": with_claims(exp=10**30),
    "exp is true": with_claims(exp=True),
    "not yet valid": with_claims(nbf=FAR_OFF),
    "nbf is text": with_claims(nbf="now"),
    "nbf missing": with_claims(nbf=None),
    "sub missing": with_claims(sub=None),
    "sub is no UUID": with_claims(sub="admin"),
    "sub is a number": with_claims(sub=1),
    "sub is empty": with_claims(sub=""),
    "sub is a list": with_claims(sub=["x"]),
    "sub with more behind it": lambda user: with_claims(sub=user.user_id + "'; --")(user),
    "another issuer": with_claims(iss="somebody"),
    "issuer missing": with_claims(iss=None),
    "a refresh token's typ": with_claims(typ="refresh"),
    "typ missing": with_claims(typ=None),
    "unknown role": with_claims(role="root"),
    "role missing": with_claims(role=None),
    "huge": with_claims(jti="x" * 6000),
    "one dot": lambda user: ".",
    "two dots": lambda user: "..",
    "no dot": lambda user: "a" * 100,
    "blanks": lambda user: user.token.replace(".", " . "),
}


@pytest.fixture(scope="module")
def person(new_user):
    return new_user()


def test_a_token_made_here_works(person):
    """Otherwise the tests below would prove nothing."""
    assert expect(person.with_token(with_claims()(person)).get("/api/v1/auth/me"), 200)["user_id"] == person.user_id


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_token(person, kind):
    """H65."""
    answer = person.with_token(BROKEN[kind](person)).get("/api/v1/auth/me")
    assert_error(answer, 401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Token x", "Bearerx"])
def test_other_authorization(person, anonymous, value):
    value = value.replace("x", person.token)
    answer = anonymous.request("GET", "/api/v1/auth/me", headers={"Authorization": value})
    assert_error(answer, 401, "UNAUTHORIZED")


def test_scheme_without_case(person, anonymous):
    """RFC 9110: the scheme is compared without case."""
    for scheme in ["bearer", "BEARER"]:
        expect(anonymous.request("GET", "/api/v1/auth/me", headers={"Authorization": f"{scheme} {person.token}"}), 200)


def test_admin_claim_of_a_user_does_not_reach_others_events(person, event, sql):
    """Even with the secret stolen: what an administrator may do with an event is decided in the database."""
    forged = person.with_token(with_claims(role="admin", permissions=["events:any"])(person))
    path = f"/api/v1/admin/events/{event['event_id']}"
    assert forged.delete(path).status in (401, 403)
    assert sql("SELECT status FROM evently.event WHERE event_id = %s", event["event_id"]) == [("published",)]
