"""Requests made of /openapi.json: sensible ones, and ones that are wrong in one or two places.

A request depends on the seed, its number and the ids that earlier answers told, and on nothing else. One that shows a fault is
made as small as it can be while it still shows it.
"""

import json
import random
from typing import NamedTuple, Optional
from uuid import UUID
from urllib.parse import quote, urlencode

# What an id in an address is an id of: by the word before it, or by its own name.
KINDS = {
    "events": "event_id",
    "bookings": "booking_id",
    "hold": "hold_id",
    "users": "user_id",
    "sections": "section_id",
    "seats": "id",
    "venues": "venue_id",
    "venue-templates": "venue_template_id",
    "tags": "tag_id",
    "cancellations": "cancellation_id",
    "payments": "payment_id",
}
# What else an answer tells that a request may ask for. An account's id is not learnt: nobody but who takes part is to be changed.
LEARNT = {"seat_id", "slug", "booking_ref", "refresh_token", "provider_ref"} | set(KINDS.values()) - {"user_id"}

WORDS = """published draft inactive cancelled completed confirmed active pending paid failed released expired user admin offer auto
    none fixed percentage day month event section name price start created_at asc desc all reserved general upcoming ON_SALE SOLD_OUT
    USD JPY KWD Europe/Berlin UTC jazz tok_ok tok_declined tok_timeout mock A-1 A-2 B-1 text/csv true""".split()
TEXTS = ["", " ", "x", "x" * 101, "x" * 300, "é", "日本", "😀", "%", "_", "\\", "'", '"', "' OR 1=1 --", "$1", "{}", "null", "a,b",
    "a\nb", "a\tb", "\x7f", "\u202e", "\ufeff", "\u0000", "<script>", "../..", "%s%n", "0", "-1", "1e5", "NaN", "infinity"]  # fmt: skip
TIMES = ["2030-12-05T19:00:00Z", "2031-01-01T00:00:00+14:00", "2030-06-01", "2000-01-01T00:00:00Z", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "2030-02-30T00:00:00Z", "2030-01-01T24:00:00Z", "2030-01-01T23:59:60Z", "infinity", "now", "epoch",
    "294277-01-01T00:00:00Z", "4714-11-23 BC", "2030-01-01T00:00:00.123456789Z", "2030-01-01T00:00:00+99:00"]  # fmt: skip
NUMBERS = [0, 1, 2, 3, 5, 10, 20, 100, -1, -2, 0.5, 33.33, 1e-9, 1000000, 2**31 - 1, 2**31, -(2**31), 2**63, 10**40, -(10**40)]
ODD = [None, True, False, 0, -1, "", "x", [], {}, [None], [[]], {"a": {"b": [1]}}, [1, "x"], "x" * 5000, 2**70]


class Request(NamedTuple):
    method: str
    path: str  # as it is documented
    ids: dict
    query: dict
    headers: dict
    body: Optional[object]
    who: str

    def address(self):
        path = self.path
        for name, value in self.ids.items():
            path = path.replace("{%s}" % name, quote(value, safe=""))
        return f"{path}?{urlencode(self.query)}" if self.query else path

    def payload(self):
        return None if self.body is None else json.dumps(self.body).encode()

    def __str__(self):
        shown = f"as {self.who}: {self.method} {self.address()}"
        for name, value in self.headers.items():
            shown += f" -H {name}: {value!r}"
        return shown if self.body is None else f"{shown} {json.dumps(self.body)}"


class Known:
    """What earlier answers told, by name: the last few of each; and who takes part."""

    def __init__(self, people):
        self.values = {}
        self.meet(people)

    def meet(self, people):
        self.values["user_id"] = [client.user_id for client in people]
        self.logins = [{"email": client.email, "password": client.password} for client in people]

    def learn(self, value):
        if isinstance(value, list):
            for element in value[:10]:
                self.learn(element)
        elif isinstance(value, dict):
            for name, part in value.items():
                if name in LEARNT and isinstance(part, str):
                    self.values[name] = [*self.values.get(name, []), part][-20:]
                else:
                    self.learn(part)


def is_stream(operation):
    """A stream has no end: test_live.py reads what comes."""
    return any("text/event-stream" in answer.get("content", {}) for answer in operation["responses"].values())


class Generator:
    def __init__(self, document, known, seed):
        self.document = document
        self.known = known
        self.seed = seed
        self.operations = [
            (method.upper(), path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if not is_stream(operation)
        ]

    def make(self, number):
        """The request of that number, and the operation that it is a request for."""
        rng = random.Random(f"{self.seed}/{number}")
        method, path, operation = rng.choice(self.operations)
        values = {"path": {}, "query": {}, "header": {}}
        for parameter in operation["parameters"]:
            name, place = parameter["name"], parameter["in"]
            if parameter["required"] or rng.random() < 0.25:
                values[place][name] = self.id_in(rng, path, name) if place == "path" else self.text(rng, name, parameter["schema"])
        body = self.body(rng, operation) if "requestBody" in operation else None
        if rng.random() < 0.05:
            values["query"][rng.choice(["nonsense", "limit", "user_id", "page"])] = rng.choice(TEXTS)
        return Request(method, path, values["path"], values["query"], values["header"], body, self.who(rng, operation)), operation

    def who(self, rng, operation):
        if rng.random() < 0.15:
            return rng.choice(["nobody", "ann", "bob", "manager", "admin", "service"])
        schemes = [scheme for requirement in operation["security"] for scheme in requirement]
        if "internal" in schemes:
            return "service"
        if "Administration" in operation["tags"] or "Figures" in operation["tags"]:
            return rng.choice(["admin", "admin", "admin", "manager"])
        return rng.choice(["ann", "bob", "ann", "bob", "admin"]) if schemes else rng.choice(["nobody", "ann"])

    def known_or(self, rng, name, otherwise):
        values = self.known.values.get(name)
        return rng.choice(values) if values and rng.random() < 0.9 else otherwise()

    def id_in(self, rng, path, name):
        kind = KINDS.get(path.split("/{%s}" % name)[0].rsplit("/", 1)[1]) if name == "id" else name
        return self.id(rng, kind) or "x"

    def id(self, rng, kind):
        chance = rng.random()
        if chance < 0.05:
            return rng.choice(TEXTS)
        if chance < 0.1:
            kind = rng.choice(sorted(self.known.values))
        return self.known_or(rng, kind, lambda: str(UUID(int=rng.getrandbits(128))))

    def value(self, rng, name, schema):
        """A value that the schema allows, and more often than not makes sense."""
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        kind, form = types[0], schema.get("format")
        if name in LEARNT or form == "uuid":
            return self.id(rng, name)
        if kind == "array":
            names = {"seat_ids": "seat_id", "tags": "slug", "ticket_ids": "ticket_id"}
            return [self.value(rng, names.get(name, name), {"type": "string", **schema.get("items", {})}) for _ in range(rng.choice([0, 1, 1, 2, 3]))]
        if "object" in types:
            return rng.choice([*ODD, {"token": rng.choice(WORDS), "method": "mock"}, {"name": "Hall", "city": "Graz"}, [self.section(rng)]])
        if form == "date-time" or "date" in name:
            return rng.choice(TIMES[:3] if rng.random() < 0.6 else TIMES)
        if kind in ("integer", "number"):
            return rng.choice(NUMBERS[:8]) if rng.random() < 0.6 else rng.choice(NUMBERS)
        if kind == "boolean":
            return rng.random() < 0.5
        if name == "email":
            return f"{rng.getrandbits(40):x}@example.com"
        return rng.choice(WORDS) if rng.random() < 0.7 else rng.choice(TEXTS)

    def section(self, rng):
        section = {"name": rng.choice(["Stalls", "Circle", ""]), "kind": rng.choice(["reserved", "general", "x"])}
        for name in ("rows", "seats_per_row", "capacity", "price_multiplier"):
            if rng.random() < 0.7:
                section[name] = rng.choice([*NUMBERS[:6], *ODD])
        return section

    def text(self, rng, name, schema):
        """A value as a query or a header has it."""
        value = self.value(rng, name, schema) if rng.random() < 0.85 else rng.choice(TEXTS)
        if isinstance(value, list):
            value = ",".join(map(str, value))
        if name == "Idempotency-Key":
            return f"key-{rng.randrange(50)}"
        return str(value).lower() if isinstance(value, bool) else str(value)

    def body(self, rng, operation):
        content = operation["requestBody"]["content"]["application/json"]
        properties = content["schema"]["properties"]
        body = {}
        for name, schema in properties.items():
            if name in content["example"] and rng.random() < 0.7:
                body[name] = self.id(rng, name) if schema.get("format") == "uuid" else content["example"][name]
            elif name in content["schema"]["required"] or rng.random() < 0.1:
                body[name] = self.value(rng, name, schema)
        if "email" in body:
            body["email"] = self.value(rng, "email", {"type": "string"})
            if rng.random() < 0.3:
                body.update(rng.choice(self.known.logins))
        for _ in range(rng.choice([0, 0, 0, 0, 1, 2])):
            self.spoil(rng, body, sorted(properties))
        return body if rng.random() < 0.98 else rng.choice(ODD)

    def spoil(self, rng, body, names):
        name = rng.choice([*names, "nonsense"])
        if rng.random() < 0.2:
            body.pop(name, None)
        else:
            body[name] = rng.choice([*ODD, *TEXTS, *TIMES, *NUMBERS])


def simpler(request):
    """The same request with less in it: each one step away."""
    for part in ("query", "headers"):
        values = getattr(request, part)
        for name in values:
            yield request._replace(**{part: {other: value for other, value in values.items() if other != name}})
    if not isinstance(request.body, dict):
        return
    for name, value in request.body.items():
        yield request._replace(body={other: part for other, part in request.body.items() if other != name})
        for plain in (None, 0, "", [], {}):
            if type(plain) is type(value) and plain != value:
                yield request._replace(body={**request.body, name: plain})
        if isinstance(value, (str, list)) and len(value) > 1:
            yield request._replace(body={**request.body, name: value[: len(value) // 2]})


def shrink(request, shows_it):
    """The smallest request, by such steps, that still shows the fault."""
    smaller = True
    while smaller:
        smaller = next((candidate for candidate in simpler(request) if shows_it(candidate)), None)
        request = smaller or request
    return request
