"""Slow, cut and silent connections between the web app and its database: every request has an answer in time, and all is well
again by itself. EVENTLY_CUTS is how many connections are cut (test/crash/run network 1000).
"""

import os
import random
import time
from urllib.parse import quote

import pytest

from client import assert_error
from crowd import Crowd, check_and_keep
from instance import wait_until
from proxy import Proxy
from stage import Stage

CUTS = int(os.environ.get("EVENTLY_CUTS", 50))
SEED = 20261124
SOMETHING = "0190a000-0000-7000-8000-000000000002"


class Far(Stage):
    """The web app reaches its database by a proxy."""

    def __init__(self):
        super().__init__()
        self.environment["EVENTLY_STATEMENT_TIMEOUT"] = "1s"  # what is silent for longer is given up

    def start(self):
        super().start()
        self.proxy = Proxy(self.home / "proxy", self.home / "run")
        self.proxy.__enter__()
        self.connect_to(self.home / "proxy")

    def connect_to(self, *directories):
        hosts = ",".join(quote(str(directory), safe="") for directory in directories)
        self.environment["EVENTLY_DATABASE_URL"] = f"postgresql://evently_shim@/evently?host={hosts}&port=5432"
        self.start_shim()
        wait_until(self.is_ready, "the web app serves")

    def remove(self):
        self.proxy.__exit__()
        super().remove()


@pytest.fixture(scope="module")
def stage():
    stage = Far()
    try:
        stage.start()
        yield stage
    finally:
        stage.remove()


def test_slow_and_cut_connections(stage, tokens, tell):
    """Every piece comes late, and connections break in the middle of it."""
    stage.proxy.delay_s = 0.05
    with Crowd(stage, tokens, SEED) as crowd:
        began = time.time()
        wait_until(lambda: crowd.is_served_since(began), "all are served, slowly")
        for _ in range(CUTS):
            time.sleep(random.uniform(0, 0.2))
            stage.proxy.cut(1)
        over = time.time()
        wait_until(lambda: crowd.is_served_since(over), "all are served again")
    stage.proxy.delay_s = 0
    outcomes = check_and_keep(crowd.history())
    assert outcomes["ok"] > 0 and crowd.tries_again > 0, "nothing was acknowledged, or in doubt: this proves nothing"
    assert stage.sql("SELECT * FROM evently.verify()") == []
    tell(f"{CUTS} connections cut: {outcomes['ok']} calls acknowledged, {crowd.tries_again} tries made again, 0 lost, 0 done twice")


def test_a_silent_database(stage, tokens):
    """It takes what is sent and says nothing: 503, and not a request hangs."""
    person = stage.client.with_token(next(iter(tokens.values())))
    stage.proxy.swallows = True
    try:
        for _ in range(2):
            assert_error(person.get("/api/v1/users/bookings"), 503, "UNAVAILABLE")
            assert_error(person.post("/api/v1/seats/hold", {"event_id": SOMETHING, "quantity": 1}), 503, "UNAVAILABLE")
    finally:
        stage.proxy.swallows = False
    wait_until(stage.is_ready, "the web app serves again")


def test_a_silent_server_is_passed_over(stage):
    """The first of two servers takes connections and says nothing; the other one is found."""
    stage.proxy.swallows = True
    try:
        stage.connect_to(stage.home / "proxy", stage.home / "run")
    finally:
        stage.proxy.swallows = False
