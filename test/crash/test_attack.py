"""H02, H61: hostile clients at both doors while people book. Nothing changes for those who book, but that they wait; what is not
allowed is refused, and nothing is an internal error.

EVENTLY_ATTACKS is how many attacks (test/crash/run attack 100000).
"""

import collections
import contextlib
import functools
import os
import random
import threading
import time

import pytest

from attackers import Garbler, Program, Stranger, Thief
from client import Client, Wire
from crowd import Crowd, check_and_keep
from history import check
from instance import wait_until
from model import Disagreement
from storm import create_event

ATTACKS = int(os.environ.get("EVENTLY_ATTACKS", 2000))
OF_EACH = 3
# What shows that the attacks of each kind got as far as they should.
REACHED = {Thief: {403, 404}, Garbler: {201, 400}, Program: {"ok", "VE001"}, Stranger: {"42501"}}
IDLE = 500
SEED = 20261125


@pytest.fixture(scope="module")
def roles(stage):
    stage.sql("CREATE ROLE program LOGIN IN ROLE evently_api")
    stage.sql("CREATE ROLE stranger LOGIN")


@pytest.fixture
def decoy(stage):
    """An event of which attackers may buy."""
    with contextlib.closing(stage.connect()) as connection, connection, connection.cursor() as cursor:
        return create_event(cursor)


@contextlib.contextmanager
def silent_clients(url):
    """They connect and say nothing, or begin and stop."""
    with contextlib.ExitStack() as clients:
        for number in range(IDLE):
            wire = clients.enter_context(Wire(url))
            if number % 2:
                wire.send(b"POST /api/v1/seats/hold HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        yield


def attack(attackers, count):
    """So many attacks by each of them, side by side."""
    failures = []

    def run(attacker):
        try:
            for _ in range(count):
                attacker.attack()
        except Exception as failure:
            failures.append(failure)
        finally:
            attacker.close()

    threads = [threading.Thread(target=run, args=(attacker,)) for attacker in attackers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_attacked_while_people_book(stage, tokens, roles, decoy, tell):
    hostile = list(stage.new_tokens(2 * OF_EACH).values())
    with Crowd(stage, tokens, SEED) as crowd, silent_clients(stage.url):
        attackers = []
        for number in range(OF_EACH):
            attackers += [
                Thief(number, crowd, stage.url, hostile[number]),
                Garbler(number, crowd, stage.url, hostile[OF_EACH + number], decoy),
                Program(number, crowd, functools.partial(stage.connect, "program")),
                Stranger(number, crowd, functools.partial(stage.connect, "stranger")),
            ]
        attack(attackers, ATTACKS // len(attackers))
        over = time.time()
        wait_until(lambda: crowd.is_served_since(over), "all are served")
    outcomes = check_and_keep(crowd.history())
    assert stage.sql("SELECT * FROM evently.verify()") == []
    for kind, expected in REACHED.items():
        met = sum((attacker.met for attacker in attackers if type(attacker) is kind), collections.Counter())
        assert expected <= met.keys(), f"{kind.__name__} met only {met}"
    tell(f"{ATTACKS} attacks: {outcomes['ok']} calls acknowledged, 0 lost, 0 done twice, nothing done by those who attacked")


def test_a_theft_is_seen(stage, tokens):
    """The control: what is booked in somebody's name, and he knows nothing of it."""
    with Crowd(stage, tokens, SEED) as crowd:
        thief = Client(stage.url, random.choice(list(tokens.values())))
        floor = next(section["section_id"] for section in crowd.event["sections"] if not section["seats"])
        wish = {"quantity": 1, "section_id": floor}
        wait_until(lambda: thief.post(f"/api/v1/events/{crowd.event['event_id']}/book", wish).status == 201, "it is stolen")
    with pytest.raises(Disagreement, match="nobody was told of it"):
        check(crowd.history())
