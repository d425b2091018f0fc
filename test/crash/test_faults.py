"""Disks that fail or are full, memory that runs out, clocks that jump: every fault is a clear error, nothing that was
acknowledged is lost, and all is well again by itself.

EVENTLY_FAULT_COUNT is how many of each kind (test/crash/run faults 1000).
"""

import contextlib
import os
import random
import time

import pytest

import tokens as forged
from client import assert_error, expect
from crowd import Crowd, check_and_keep
from faults import Faults
from instance import is_running, wait_until
from stage import Stage

COUNT = int(os.environ.get("EVENTLY_FAULT_COUNT", 10))
SEED = 20261123
HOUR = 3600


class Faulty(Stage):
    """Faults strike the database's processes, or the web app's."""

    def __init__(self):
        super().__init__()
        self.database_faults = Faults(self.home / "database-faults")
        self.shim_faults = Faults(self.home / "shim-faults")

    def environment_of(self, script):
        faults = {"cluster": self.database_faults, "shim": self.shim_faults}.get(script)
        return {**self.environment, **faults.environment} if faults else self.environment

    def bring_back(self):
        """Starts what has ended, as an init system would. False where that failed: it will be tried again."""
        try:
            if not self.database_runs():
                self.start_database()
            if not is_running(self.shim_pid):
                self.start_shim()
        except AssertionError:
            return False
        return True

    def database_runs(self):
        try:
            return is_running(self.postmaster_pid)
        except FileNotFoundError:
            return False


@pytest.fixture(scope="module")
def stage():
    stage = Faulty()
    try:
        stage.start()
        yield stage
    finally:
        stage.remove()


def strike(stage, faults, count, **rates):
    """So many faults, while what ends on the way is brought back; then none any more."""
    enough = faults.count + count
    faults.set(**rates)
    try:
        while faults.count < enough:
            time.sleep(0.02)
            stage.bring_back()
    finally:
        faults.set(**dict.fromkeys(rates, 0))
    wait_until(stage.bring_back, "everything runs again")


@contextlib.contextmanager
def survives(stage, tokens, tell, name):
    """A crowd books while the block runs, and is served afterwards; its history is what it should be."""
    with Crowd(stage, tokens, f"{SEED} {name}") as crowd:
        began = time.time()
        wait_until(lambda: crowd.is_served_since(began), "all are served before")
        yield crowd
        over = time.time()
        wait_until(lambda: crowd.is_served_since(over), "all are served again")
    outcomes = check_and_keep(crowd.history())
    assert stage.sql("SELECT * FROM evently.verify()") == []
    tell(f"{name}: {outcomes['ok']} calls acknowledged, {crowd.tries_again} tries made again, 0 lost, 0 done twice")


def strike_again_and_again(stage, crowd, faults, count, **rates):
    """Two at a time, so that one may meet the recovery from the other; then all are served before the next two."""
    for _ in range(0, count, 2):
        strike(stage, faults, 2, **rates)
        over = time.time()
        wait_until(lambda over=over: crowd.is_served_since(over), "all are served again")


def test_writes_that_fail(stage, tokens, tell):
    """EIO and ENOSPC from pwrite, EIO from fsync, at random."""
    with survives(stage, tokens, tell, f"{COUNT} failures of the disk") as crowd:
        strike_again_and_again(stage, crowd, stage.database_faults, COUNT, write=20000, sync=20000)
    assert crowd.tries_again > 0, "nobody noticed: this proves nothing"


def test_a_full_disk(stage, tokens, tell):
    """Nothing can be written any more, until there is room again."""
    with survives(stage, tokens, tell, "a full disk") as crowd:
        strike(stage, stage.database_faults, 20, full=1)
    assert crowd.tries_again > 0, "nobody noticed: this proves nothing"


def test_memory_that_runs_out(stage, tokens, tell):
    """malloc fails at random in the web app."""
    with survives(stage, tokens, tell, f"{COUNT} times no memory in the web app") as crowd:
        strike_again_and_again(stage, crowd, stage.shim_faults, COUNT, memory=5000)
    assert crowd.tries_again > 0, "nobody noticed: this proves nothing"


def test_clocks_that_jump(stage, tokens, tell, monkeypatch):
    """The web app's clock is wrong by hours, this way and that. Times that matter are the database's."""
    monkeypatch.setenv("EVENTLY_HOME", str(stage.home))
    now = int(time.time())
    lasting = {
        user: forged.make({**forged.good_claims(user), "iat": now - 24 * HOUR, "nbf": now - 24 * HOUR, "exp": now + 24 * HOUR})
        for user in tokens
    }
    chance = random.Random(SEED)
    with survives(stage, lasting, tell, f"{COUNT} jumps of the web app's clock") as crowd:
        for _ in range(COUNT):
            stage.shim_faults.set(clock_s=chance.randint(-12 * HOUR, 12 * HOUR))
            moment = time.time()
            wait_until(lambda moment=moment: crowd.is_served_since(moment), "all are served whatever the time")
        stage.shim_faults.set(clock_s=0)
    person = stage.client.with_token(next(iter(lasting.values())))
    expect(person.get("/api/v1/auth/me"), 200)
    stage.shim_faults.set(clock_s=48 * HOUR)
    assert_error(person.get("/api/v1/auth/me"), 401, "UNAUTHORIZED")  # or the clock was right all the time
    stage.shim_faults.set(clock_s=0)
