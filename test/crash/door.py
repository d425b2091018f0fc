"""The two doors through which clients come, for clients who do not give up: what nobody knows the outcome of is asked again,
with the same key, until there is an answer.
"""

import http.client
import json
import pathlib
import re
import time
from urllib.parse import urlsplit

import psycopg2

from client import PATIENCE_S
from storm import ask

ERRORS = pathlib.Path(__file__).resolve().parents[2] / "extension" / "errors.def"
SQLSTATES = dict(re.findall(r'^EV_ERROR\((\w+), "(\w+)"', ERRORS.read_text(), re.MULTILINE))

# The outcome of a try that may be made again: whether it was done is not known, or it was not.
AGAIN = "again"
PAUSE_S = 0.05

# What passes: nobody could be connected to, the server is going down or coming up, its disk fails, others hold a lock, or the
# try before this one is still under way.
PASSING = re.compile("57P|08|53|58|55P03|VE902")

# A method, a path, and with them what a call is about; what else it is told goes into the body.
ROUTES = {
    "place_hold": ("POST", "/api/v1/seats/hold"),
    "extend_hold": ("POST", "/api/v1/seats/hold/{hold_id}/extend"),
    "release_hold": ("DELETE", "/api/v1/seats/hold/{hold_id}"),
    "book": ("POST", "/api/v1/events/{event_id}/book"),
    "confirm_hold": ("POST", "/api/v1/bookings/confirm"),
    "cancel_booking": ("POST", "/api/v1/bookings/{booking_id}/cancel"),
    "get_booking": ("GET", "/api/v1/bookings/{booking_id}"),
    "get_availability": ("GET", "/api/v1/events/{event_id}/availability"),
    "join_waitlist": ("POST", "/api/v1/waitlist"),
    "leave_waitlist": ("DELETE", "/api/v1/waitlist/{event_id}"),
    "accept_offer": ("POST", "/api/v1/waitlist/{event_id}/accept"),
    "decline_offer": ("POST", "/api/v1/waitlist/{event_id}/decline"),
}


class Door:
    def __init__(self):
        self.tries_again = 0

    def call(self, operation, arguments):
        deadline = time.monotonic() + PATIENCE_S
        while True:
            outcome, answer = self.try_once(operation, arguments)
            if outcome != AGAIN:
                return outcome, answer
            assert time.monotonic() < deadline, f"no answer in {PATIENCE_S} s to {operation} {arguments}: {answer}"
            self.tries_again += 1
            time.sleep(PAUSE_S)


class SqlDoor(Door):
    """SQL, on a connection of its own."""

    def __init__(self, connect):
        super().__init__()
        self.connect = connect
        self.connection = None

    def try_once(self, operation, arguments):
        try:
            if self.connection is None:
                self.connection = self.connect()
                self.connection.autocommit = True
            with self.connection.cursor() as cursor:
                return "ok", ask(cursor, operation, arguments)
        except psycopg2.Error as error:
            if error.pgcode is not None and not PASSING.match(error.pgcode):
                return error.pgcode, error.diag.message_primary
            self.close()
            return AGAIN, str(error)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class RestDoor(Door):
    """The web app, on a connection that is kept. `tokens` are by user."""

    def __init__(self, url, tokens):
        super().__init__()
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE_S)
        self.tokens = tokens

    def try_once(self, operation, arguments):
        try:
            self.connection.request(*self.request(operation, arguments))
            response = self.connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            return AGAIN, repr(error)
        if response.status < 400:
            return "ok", answer
        code = SQLSTATES.get(answer["error"]["code"], answer["error"]["code"])
        passes = response.status == 503 or PASSING.match(code)
        return AGAIN if passes else code, answer["error"]["message"]

    def request(self, operation, arguments):
        method, path = ROUTES[operation]
        given = {name: value for name, value in arguments.items() if "{%s}" % name not in path}
        user, key = given.pop("user_id", None), given.pop("idempotency_key", None)
        headers = {"Content-Type": "application/json"}
        if user is not None:
            headers["Authorization"] = f"Bearer {self.tokens[user]}"
        if key is not None:
            headers["Idempotency-Key"] = key
        return method, path.format(**arguments), json.dumps(given) if method == "POST" else None, headers

    def close(self):
        self.connection.close()
