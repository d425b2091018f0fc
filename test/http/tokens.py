"""Access tokens made by hand, with the web app's own secret or without."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import time
import uuid


def secret():
    return (pathlib.Path(os.environ["EVENTLY_HOME"]) / "jwt_secret").read_bytes()


def encode(data):
    """base64url without padding, of bytes or of an object as JSON."""
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def claims_of(token):
    return decode(token.split(".")[1])


def sign(header_and_payload, key=None, algorithm=hashlib.sha256):
    mac = hmac.new(secret() if key is None else key, header_and_payload.encode(), algorithm).digest()
    return f"{header_and_payload}.{encode(mac)}"


def good_claims(user_id):
    now = int(time.time())
    return {
        "iss": "evently",
        "sub": user_id,
        "role": "user",
        "permissions": [],
        "ver": 1,
        "typ": "access",
        "jti": uuid.uuid4().hex,
        "iat": now,
        "nbf": now,
        "exp": now + 900,
    }


def make(claims, header=None, **how):
    header = {"alg": "HS256", "typ": "JWT"} if header is None else header
    return sign(f"{encode(header)}.{encode(claims)}", **how)
