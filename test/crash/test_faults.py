"""Disks that fail or are full, memory that runs out, clocks that jump: every fault is a clear error, nothing that was
acknowledged is lost, and all is well again by itself.

EVENTLY_FAULT_COUNT is how many of each kind (test/crash/run faults 1000).
"""

import contextlib
import os
import random
import re
import subprocess
import time

import psycopg2
import pytest

import tokens as forged
from client import assert_error, expect
from crowd import Crowd, check_and_keep
from faults import Faults
from instance import wait_until
from stage import Stage

COUNT = int(os.environ.get("EVENTLY_FAULT_COUNT", 10))
FAULTS_OF_AN_EVENT = 20
SEED = 20261123
HOUR = 3600
STADIUM = """SELECT evently.create_venue_template('Stadium', sections => '[{"name": "All", "rows": 250, "seats_per_row": 200}]')"""


class Faulty(Stage):
    """Faults strike the database's processes, or the web app's."""

    def __init__(self):
        super().__init__()
        self.database_faults = Faults(self.home / "database-faults")
        self.shim_faults = Faults(self.home / "shim-faults")

    def environment_of(self, script):
        faults = {"cluster": self.database_faults, "shim": self.shim_faults}.get(script)
        return {**self.environment, **faults.environment} if faults else self.environment


class SmallDisk(Stage):
    """The database has a disk of its own, in memory."""

    SIZE = "512m"
    LITTLE_WAL = "max_wal_size = 96MB\nmin_wal_size = 32MB\n"

    def start(self):
        super().start()
        self.stop_database()
        data, copy = self.home / "pgdata", self.home / "copy"
        data.rename(copy)
        data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.SIZE},uid=postgres,gid=postgres,mode=0700", "tmpfs", data], check=True)
        subprocess.run(["cp", "-a", f"{copy}/.", data], check=True)
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(self.LITTLE_WAL)
        self.ballast = data / "ballast"
        self.start_database()
        wait_until(self.is_ready, "the web app serves")

    def remove(self):
        self.stop_database()
        subprocess.run(["umount", self.home / "pgdata"])
        super().remove()

    def fill(self):
        """Takes what room there is."""
        with self.ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass

    def refuses_rows(self, connection):
        """Is there no room for the 50,000 seats of a stadium?"""
        self.fill()
        try:
            with connection.cursor() as cursor:
                cursor.execute(STADIUM)
        except psycopg2.errors.DiskFull:
            return True
        return False

    def has_ended(self, connection):
        """Without room for the next of its WAL's files PostgreSQL ends."""
        self.fill()
        with contextlib.suppress(psycopg2.Error), connection.cursor() as cursor:
            cursor.execute("SELECT pg_switch_wal() FROM pg_logical_emit_message(true, 'test', 'something to write')")
        return "PANIC" in (self.home / "log" / "postgresql.log").read_text()


def staged(stage):
    """A stage while a module's tests need it."""
    try:
        stage.start()
        yield stage
    finally:
        stage.remove()


@pytest.fixture(scope="module")
def stage():
    yield from staged(Faulty())


@pytest.fixture(scope="module")
def small_disk():
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("mounting a disk takes a right that even root in a container may be without")
    yield from staged(SmallDisk())


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


class Survived:
    """What was done meanwhile."""

    def __init__(self):
        self.acknowledged = 0
        self.tries_again = 0

    def __str__(self):
        return f"{self.acknowledged} calls acknowledged, {self.tries_again} tries made again, 0 lost, 0 done twice"


@contextlib.contextmanager
def survives(stage, tokens, name, survived):
    """A crowd books while the block runs, and is served afterwards; its history is what it should be."""
    with Crowd(stage, tokens, f"{SEED} {name}") as crowd:
        began = time.time()
        wait_until(lambda: crowd.is_served_since(began), "all are served before")
        yield crowd
        over = time.time()
        wait_until(lambda: crowd.is_served_since(over), "all are served again")
    survived.acknowledged += check_and_keep(crowd.history())["ok"]
    survived.tries_again += crowd.tries_again
    assert stage.sql("SELECT * FROM evently.verify()") == []


def parts(name):
    """COUNT faults in parts, each with a name and how many: a history that gets too long takes too long to be judged."""
    for first in range(0, COUNT, FAULTS_OF_AN_EVENT):
        yield f"{name} {first}", min(FAULTS_OF_AN_EVENT, COUNT - first)


def strike_again_and_again(stage, crowd, faults, count, **rates):
    """Two at a time, so that one may meet the recovery from the other; then all are served before the next two."""
    for _ in range(0, count, 2):
        strike(stage, faults, 2, **rates)
        over = time.time()
        wait_until(lambda over=over: crowd.is_served_since(over), "all are served again")


def test_writes_that_fail(stage, tokens, tell):
    """EIO and ENOSPC from pwrite, EIO from fsync, at random."""
    survived = Survived()
    for part, count in parts("disk"):
        with survives(stage, tokens, part, survived) as crowd:
            strike_again_and_again(stage, crowd, stage.database_faults, count, write=20000, sync=20000)
    assert survived.tries_again > 0, "nobody noticed: this proves nothing"
    tell(f"{COUNT} failures of the disk: {survived}")


def test_a_full_disk(stage, tokens, tell):
    """Nothing can be written any more, until there is room again."""
    survived = Survived()
    with survives(stage, tokens, "full", survived):
        strike(stage, stage.database_faults, 20, full=1)
    assert survived.tries_again > 0, "nobody noticed: this proves nothing"
    tell(f"a full disk: {survived}")


def test_a_disk_without_room(small_disk, tell):
    """The same with a real one: first there is no room for rows, then none for the WAL, without which PostgreSQL ends."""
    survived = Survived()
    with survives(small_disk, small_disk.new_tokens(64), "small", survived):
        with contextlib.closing(small_disk.connect()) as connection:
            connection.autocommit = True
            wait_until(lambda: small_disk.refuses_rows(connection), "there is no room for rows")
            wait_until(lambda: small_disk.has_ended(connection), "there is no room for the WAL")
        small_disk.ballast.unlink()
        wait_until(small_disk.bring_back, "everything runs again")
    assert survived.tries_again > 0, "nobody noticed: this proves nothing"
    tell(f"a disk without room: {survived}")


def test_memory_that_runs_out(stage, tokens, tell):
    """malloc fails at random in the web app."""
    survived = Survived()
    for part, count in parts("memory"):
        with survives(stage, tokens, part, survived) as crowd:
            strike_again_and_again(stage, crowd, stage.shim_faults, count, memory=5000)
    assert survived.tries_again > 0, "nobody noticed: this proves nothing"
    tell(f"{COUNT} times no memory in the web app: {survived}")


def test_clocks_that_jump(stage, tokens, tell, monkeypatch):
    """The web app's clock is wrong by hours, this way and that. Times that matter are the database's."""
    monkeypatch.setenv("EVENTLY_HOME", str(stage.home))
    now = int(time.time())
    lasting = {
        user: forged.make({**forged.good_claims(user), "iat": now - 24 * HOUR, "nbf": now - 24 * HOUR, "exp": now + 24 * HOUR})
        for user in tokens
    }
    chance = random.Random(SEED)
    survived = Survived()
    for part, count in parts("clock"):
        with survives(stage, lasting, part, survived) as crowd:
            for _ in range(count):
                stage.shim_faults.set(clock_s=chance.randint(-12 * HOUR, 12 * HOUR))
                moment = time.time()
                wait_until(lambda crowd=crowd, moment=moment: crowd.is_served_since(moment), "all are served whatever the time")
            stage.shim_faults.set(clock_s=0)
    tell(f"{COUNT} jumps of the web app's clock: {survived}")
    person = stage.client.with_token(next(iter(lasting.values())))
    expect(person.get("/api/v1/auth/me"), 200)
    stage.shim_faults.set(clock_s=48 * HOUR)
    assert_error(person.get("/api/v1/auth/me"), 401, "UNAUTHORIZED")  # or the clock was right all the time
    stage.shim_faults.set(clock_s=0)
