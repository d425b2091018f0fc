"""Hostile clients at both doors of an event that a crowd books.

attack() is one attack, and `met` counts what became of them; AssertionError says where the product gave way. Nothing that they
are allowed to do is about this event, or it is taken back, so none of it has a place in the event's history.
"""

import collections
import contextlib
import json
import random
import socket
import struct

import psycopg2
from client import Client, Wire, http_bytes

# By type, what a program may come up with; ids are the crowd's.
STRANGE = {
    "uuid": ["00000000-0000-0000-0000-000000000000"],
    "text": ["", "x", "A-1", "\x01\n", "x" * 5000, "%", "2099-01-01"],
    "integer": ["0", "1", "2", "-1", "2147483647"],
    "bigint": ["0", "1", "-1", "9223372036854775807"],
    "numeric": ["0", "1", "-1", "0.005", "1e12", "NaN"],
    "boolean": ["true", "false"],
    "timestamp with time zone": ["2099-06-01 20:00Z", "2020-01-01Z", "infinity"],
    "interval": ["1 day", "-1 day", "0"],
    "jsonb": ["null", "{}", "[]", '[{"name": "S", "rows": 2, "seats_per_row": 2}]', '{"token": "tok_ok"}'],
    "text[]": ["{}", "{A-1}", "{A-1,A-1}", "{NULL}"],
    "uuid[]": ["{}", "{NULL}"],
}

# Statements of somebody who may connect, and no more.
FORBIDDEN = (
    "TABLE evently.booking",
    "UPDATE evently.stock SET available = 1000",
    "DELETE FROM evently.event_seat",
    "LOCK TABLE evently.event",
    "TRUNCATE evently.outbox",
    "SET ROLE evently_owner",
    "SELECT evently.render(NULL)",
    "SELECT evently.verify()",
    "SELECT evently.cancel_event(%(event)s)",
    "SELECT evently.book(event_id => %(event)s, quantity => 1)",
    "SELECT evently.lock_event(%(event)s)",
    "CREATE FUNCTION evently.book() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER EXTENSION evently DROP TABLE evently.booking",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'evently_shim'",
)
NOT_ALLOWED = "42501"

# What is put into a request, anywhere.
ODDITIES = (
    b"\r\n", b"\n", b"\0", b"\xff\xfe", b'"', b"}", b"[" * 300, b"9" * 400, b"-1", b"1e999", b"%00", b"%0d%0a", b"/../", b" ", b":",
    b"\r\nContent-Length: 5\r\n", b"\r\nTransfer-Encoding: chunked\r\n", b"\\ud800", b"\r\nExpect: 100-continue\r\n", b"\r\nUpgrade: websocket\r\n",
)  # fmt: skip
MOMENT_S = 0.2
# The method is not known, or not there; so is the version of HTTP, or the coding.
NOT_KNOWN = (501, 505)


class Attacker:
    def __init__(self, number, crowd):
        self.random = random.Random(f"{type(self).__name__} {number}")
        self.crowd = crowd
        self.event_id = crowd.event["event_id"]
        self.met = collections.Counter()

    def close(self):
        pass

    def somebodys(self, things):
        """One of the holds or bookings of somebody in the crowd, with his id; None while there is none."""
        found = getattr(self.random.choice(self.crowd.bookers), things)
        return self.random.choice(found) if found else None


class Thief(Attacker):
    """A person with a right token, who tries what others own."""

    def __init__(self, number, crowd, url, token):
        super().__init__(number, crowd)
        self.client = Client(url, token)

    def attack(self):
        things, ways = self.random.choice([("holds", self.with_a_hold), ("bookings", self.with_a_booking)])
        found = self.somebodys(things)
        if found is not None:
            answer = self.random.choice(ways(*found))()
            assert answer.status in (403, 404), answer
            self.met[answer.status] += 1

    def with_a_hold(self, user_id, hold_id):
        hold = f"/api/v1/seats/hold/{hold_id}"
        return [
            lambda: self.client.post("/api/v1/bookings/confirm", {"hold_id": hold_id, "user_id": user_id}),
            lambda: self.client.post(f"{hold}/extend", {"user_id": user_id}),
            lambda: self.client.delete(hold),
            lambda: self.client.get(hold),
            lambda: self.client.get(f"/api/v1/users/{user_id}/holds"),
        ]

    def with_a_booking(self, user_id, booking):
        path = f"/api/v1/bookings/{booking['booking_id']}"
        return [
            lambda: self.client.post(f"{path}/cancel", {"user_id": user_id}),
            lambda: self.client.post(f"{path}/cancel", {"ticket_ids": [booking["tickets"][0]["ticket_id"]]}),
            lambda: self.client.delete(path),
            lambda: self.client.get(path),
            lambda: self.client.post(f"/api/v1/admin/events/{self.event_id}/cancel", {}),
            lambda: self.client.put(f"/api/v1/admin/events/{self.event_id}/sale-status", {"status": "sold_out"}),
        ]


class Garbler(Attacker):
    """Sends requests for an event of his own, bent until they are none, and leaves when he likes."""

    def __init__(self, number, crowd, url, token, decoy):
        super().__init__(number, crowd)
        self.url = url
        book = f"/api/v1/events/{decoy['event_id']}/book"
        body = json.dumps({"quantity": 1, "payment": {"token": "tok_ok"}}).encode()
        hold = json.dumps({"event_id": decoy["event_id"], "quantity": 1}).encode()
        headers = ["Content-Type: application/json", "Idempotency-Key: order-1"]
        self.requests = [
            http_bytes("POST", book, body, token, headers),
            http_bytes("POST", "/api/v1/seats/hold", hold, token, headers),
            http_bytes("GET", f"/api/v1/events/{decoy['event_id']}/seats", token=token, headers=["Accept-Encoding: gzip"]),
            http_bytes("GET", f"/api/v1/events/{decoy['event_id']}/live?transport=sse", token=token),
            http_bytes("POST", "/api/v1/auth/login", b'{"email": "nobody@example.com", "password": "wrong"}', headers=headers[:1]),
        ]

    def bent(self):
        data = bytearray(self.random.choice(self.requests))
        for _ in range(self.random.randint(0, 3)):
            at, length = self.random.randrange(len(data)), self.random.randint(0, 30)
            data[at : at + length] = self.random.choice([b"", bytes(data[at : at + length]) * 2, self.random.choice(ODDITIES)])
        return bytes(data) * self.random.choice([1, 1, 1, 3])

    def attack(self):
        with Wire(self.url) as wire:
            self.random.choice([self.ask, self.listen, self.leave, self.break_off])(wire)

    def ask(self, wire):
        """What is not bent, so that it gets as far as anybody's."""
        self.look_at(self.next_answer(wire.send(self.random.choice(self.requests))))

    def listen(self, wire):
        """In pieces, then for a moment: what is not complete has no answer yet."""
        data = self.bent()
        middle = self.random.randrange(len(data))
        wire.send(data[:middle]).send(data[middle:])
        wire.socket.settimeout(MOMENT_S)
        with contextlib.suppress(TimeoutError):
            while answer := self.next_answer(wire):
                self.look_at(answer)

    def look_at(self, answer):
        if answer is not None:
            self.met[answer.status] += 1
            assert answer.status < 500 or answer.status in NOT_KNOWN, answer

    def next_answer(self, wire):
        """None at the end, which a stream's head comes to as well: what follows it is not an answer."""
        try:
            return wire.answer()
        except KeyError:  # no Content-Length
            return None

    def leave(self, wire):
        data = self.bent()
        wire.send(data[: self.random.randrange(len(data) + 1)])

    def break_off(self, wire):
        """Not even with a goodbye: what the server writes then meets a reset."""
        wire.send(self.bent())
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Mute(Attacker):
    """Connects and says nothing, or begins and stops."""

    AT_ONCE = 200

    def __init__(self, number, crowd, url):
        super().__init__(number, crowd)
        self.url = url
        self.wires = collections.deque()

    def attack(self):
        wire = Wire(self.url)
        self.wires.append(wire)
        if self.random.random() < 0.5:
            wire.send(b"POST /api/v1/seats/hold HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        if len(self.wires) > self.AT_ONCE:
            self.wires.popleft().socket.close()
        self.met["silent"] = max(self.met["silent"], len(self.wires))

    def close(self):
        for wire in self.wires:
            wire.socket.close()


class SqlAttacker(Attacker):
    def __init__(self, number, crowd, connect):
        super().__init__(number, crowd)
        self.connect = connect
        self.connection = None

    def cursor(self):
        if self.connection is None or self.connection.closed:
            self.connection = self.connect()
        return self.connection.cursor()

    def close(self):
        if self.connection is not None:
            self.connection.close()


class Program(SqlAttacker):
    """May call Evently, calls any of its functions with the crowd's things, and takes it back, or is gone before it is asked."""

    FUNCTIONS = """
        SELECT p.proname, coalesce(p.proargnames[:p.pronargs], '{}'),
               ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t)
        FROM pg_proc p
        WHERE p.pronamespace = 'evently'::regnamespace AND p.prokind = 'f' AND p.provariadic = 0
          AND has_function_privilege(p.oid, 'EXECUTE') AND p.proname <> 'start_worker'
        ORDER BY p.oid"""
    # Refused by Evently, no value of its type, in the way of somebody else: what is none of them is a fault of the extension.
    EXPECTED = ("VE", "22", "40", "55P03")

    functions = None

    def attack(self):
        cursor = self.cursor()
        if self.functions is None:
            cursor.execute(self.FUNCTIONS)
            self.functions = cursor.fetchall()
        name, names, types = self.random.choice(self.functions)
        values = [self.value(argument, kind) for argument, kind in zip(names, types)]
        try:
            cursor.execute(f"SELECT evently.{name}({', '.join(f'%s::{kind}' for kind in types)})", values)
            self.met["ok"] += 1
        except psycopg2.Error as error:
            assert error.pgcode is not None and error.pgcode.startswith(self.EXPECTED), f"{name}{values}: {error.pgcode} {error}"
            self.met[error.pgcode] += 1
        if self.random.random() < 0.1:
            self.connection.close()
        else:
            self.connection.rollback()

    def value(self, name, kind):
        known = self.known(name)
        if known is not None and kind == "uuid" and self.random.random() < 0.9:
            return known
        return self.random.choice([None, *STRANGE.get(kind, [])])

    def known(self, name):
        if name == "event_id":
            return self.event_id
        user_id, hold_id = self.somebodys("holds") or (None, None)
        _, booking = self.somebodys("bookings") or (None, {"booking_id": None})
        return {"user_id": user_id, "hold_id": hold_id, "booking_id": booking["booking_id"]}.get(name)


class Stranger(SqlAttacker):
    """May connect and nothing more. What he sees locked he locks by the same numbers, until he sees other locks."""

    LOCK_THE_SAME = """
        SELECT count(*) FILTER (WHERE pg_try_advisory_lock(classid::bigint << 32 | objid::bigint)) FROM pg_locks WHERE locktype = 'advisory'"""

    def attack(self):
        cursor = self.cursor()
        cursor.execute("SELECT pg_advisory_unlock_all()")
        cursor.execute(self.LOCK_THE_SAME)
        self.met["locked"] += cursor.fetchone()[0]
        statement = self.random.choice(FORBIDDEN)
        try:
            cursor.execute(statement, {"event": self.event_id})
        except psycopg2.Error as error:
            assert error.pgcode == NOT_ALLOWED, f"{statement}: {error}"
            self.met[error.pgcode] += 1
        else:
            raise AssertionError(f"allowed: {statement}")
        finally:
            self.connection.rollback()
