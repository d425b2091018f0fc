"""H02, H61: hostile clients at both doors while people book. Those who book are served meanwhile, and nothing of theirs changes; what
is not allowed is refused, and nothing is an internal error.

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

from attackers import Garbler, Mute, Program, Stranger, Thief
from client import Client
from crowd import Crowd, check_and_keep
from history import check
from instance import wait_until
from model import Disagreement
from storm import create_event, in_threads

ATTACKS = int(os.environ.get("EVENTLY_ATTACKS", 2000))
ATTACKS_ON_AN_EVENT = 10000
OF_EACH = 3
# What shows that the attacks of each kind got as far as they should.
REACHED = {
    Thief: {403, 404},
    Garbler: {201, 400},
    Mute: {"silent"},
    Program: {"ok", "VE001", "VE002"},
    Stranger: {"42501", "locked"},
}
SEED = 20261125


@pytest.fixture(scope="module")
def roles(stage):
    stage.sql("CREATE ROLE program LOGIN IN ROLE evently_api")
    stage.sql("CREATE ROLE stranger LOGIN")


@pytest.fixture(scope="module")
def decoy(stage):
    """An event of which attackers may buy."""
    with contextlib.closing(stage.connect()) as connection, connection, connection.cursor() as cursor:
        return create_event(cursor)


@pytest.fixture(scope="module")
def hostile(stage):
    """Tokens of people who are nobody in the crowd."""
    return list(stage.new_tokens(2 * OF_EACH).values())


def attackers_of(crowd, stage, hostile, decoy):
    for number in range(OF_EACH):
        yield Thief(number, crowd, stage.url, hostile[number])
        yield Garbler(number, crowd, stage.url, hostile[OF_EACH + number], decoy)
        yield Mute(number, crowd, stage.url)
        yield Program(number, crowd, functools.partial(stage.connect, "program"))
        yield Stranger(number, crowd, functools.partial(stage.connect, "stranger"))


def attack(attackers, count):
    """So many attacks by each of them, side by side, until one of them gets anywhere."""
    stopped = threading.Event()

    def work(attacker):
        with contextlib.closing(attacker):
            try:
                for _ in range(count):
                    if not stopped.is_set():
                        attacker.attack()
            except Exception:
                stopped.set()
                raise

    in_threads(work, attackers)


def attack_while_people_book(crowd, attackers, count):
    with crowd:
        began = time.time()
        wait_until(lambda: crowd.is_served_since(began), "all are served before")
        began = time.time()
        attack(attackers, count // len(attackers))
        assert crowd.was_served_between(began, time.time()), "those who book have to wait for those who attack"


def test_attacked_while_people_book(stage, tokens, roles, hostile, decoy, tell):
    acknowledged, met = 0, collections.defaultdict(collections.Counter)
    for part in range(0, ATTACKS, ATTACKS_ON_AN_EVENT):
        crowd = Crowd(stage, tokens, f"{SEED} {part}")
        attackers = list(attackers_of(crowd, stage, hostile, decoy))
        attack_while_people_book(crowd, attackers, min(ATTACKS_ON_AN_EVENT, ATTACKS - part))
        acknowledged += check_and_keep(crowd.history())["ok"]
        for attacker in attackers:
            met[type(attacker)] += attacker.met
        assert stage.sql("SELECT * FROM evently.verify()") == []
    for kind, expected in REACHED.items():
        assert expected <= met[kind].keys(), f"{kind.__name__} met only {met[kind]}"
    tell(f"{ATTACKS} attacks: {acknowledged} calls acknowledged, 0 lost, 0 done twice, nothing done by those who attacked")


def test_a_theft_is_seen(stage, tokens):
    """The control: what is booked in somebody's name, and he knows nothing of it."""
    with Crowd(stage, tokens, SEED) as crowd:
        thief = Client(stage.url, random.choice(list(tokens.values())))
        floor = next(section["section_id"] for section in crowd.event["sections"] if not section["seats"])
        wish = {"quantity": 1, "section_id": floor}
        wait_until(lambda: thief.post(f"/api/v1/events/{crowd.event['event_id']}/book", wish).status == 201, "it is stolen")
    with pytest.raises(Disagreement, match="nobody was told of it"):
        check(crowd.history())
