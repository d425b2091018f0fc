"""Every route of the web app, read from its own table."""

import pathlib
import re
from typing import NamedTuple
from uuid import uuid4

DEFINITIONS = pathlib.Path(__file__).resolve().parents[2] / "shim" / "src" / "routes.def"


class Route(NamedTuple):
    method: str
    path: str
    access: str
    limit: str
    status: int

    def __str__(self):
        return f"{self.method} {self.path}"

    def somewhere(self):
        """Its address with ids that do not exist."""
        return re.sub(r"\{\w+\}", lambda _: str(uuid4()), self.path)


def all_routes():
    text = DEFINITIONS.read_text()
    found = re.findall(r'^(?:\w*ROUTE|HANDLER)\((\w+), "([^"]+)", (\w+), (\w+), (\d+),', text, re.MULTILINE)
    routes = [Route(method, path, access, limit, int(status)) for method, path, access, limit, status in found]
    mentioned = len(re.findall(r"^(?:\w*ROUTE|HANDLER)\(", text, re.MULTILINE))
    assert routes and len(routes) == mentioned, "routes.def is written in a way that this file does not read"
    return routes
