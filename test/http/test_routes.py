"""Every route that the interface promises (promised_routes.txt) is one that the server has."""

import pathlib
import re

from client import assert_error
from routes import DEFINITIONS, all_routes

PROMISED = pathlib.Path(__file__).with_name("promised_routes.txt")


def shape(method, path):
    """What a route is, whatever its parameters are called."""
    return method, re.sub(r"\{\w+\}", "{}", path)


def promised_routes():
    for line in PROMISED.read_text().splitlines():
        if line and not line.startswith("#"):
            *methods, path = line.split()
            yield from (shape(method, path if path.startswith("/") else f"/api/v1/{path}") for method in methods)


def test_every_promise_is_kept():
    missing = set(promised_routes()) - {shape(route.method, route.path) for route in all_routes()}
    assert missing == set()


def test_a_promise_is_made_once():
    promised = list(promised_routes())
    assert len(promised) == len(set(promised)) > 100


def test_functions_and_routes_call_a_field_the_same():
    """Or a refusal would name a field that nobody sent. An id in the path is told by what it is the id of."""
    named = re.findall(r'\b(\w+)(?:\\")? => (?:coalesce\()?\{(query|body|header)\.([\w-]+)', DEFINITIONS.read_text())
    assert len(named) > 100
    assert [argument for argument, _, field in named if argument != field.replace("-", "_")] == []


def test_static_words_win_over_parameters(user):
    """events/upcoming and admin/events/analytics are no ids; only what is neither word nor id is refused as an id."""
    for path in ("/api/v1/events/upcoming", "/api/v1/waitlist/health"):
        assert user.get(path).status == 200
    assert_error(user.get("/api/v1/events/soon"), 400, "INVALID_ID", "id")
