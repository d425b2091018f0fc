"""H14, H27, H34: parts of the product are killed at random moments, again and again, under bookers who do not give up.

What was acknowledged is there, once; nothing is sold twice; who waits is served in order; what runs out goes on to the next
within seconds of the restart. EVENTLY_CYCLES is how many (test/crash/run cycles 2000).
"""

import collections
import os
import random
import statistics
import time

from crowd import Crowd, check_and_keep
from instance import wait_until

CYCLES = int(os.environ.get("EVENTLY_CYCLES", 50))
CYCLES_OF_AN_EVENT = 10
SEED = 20261121

# Holds and offers that have run out, after the last restart or their end.
STUCK_S = 5


class Cycles:
    """What happened in them."""

    def __init__(self):
        self.outcomes = collections.Counter()
        self.silences = collections.defaultdict(list)
        self.tries_again = 0
        self.latest = 0

    def add(self, crowd, history, kills):
        self.outcomes += check_and_keep(history)
        self.tries_again += crowd.tries_again
        ends = sorted(call["ended"] for call in history["calls"])
        resumed = []
        for victim, began, until in kills:
            silence, after = longest_silence(ends, began, until)
            self.silences[victim].append(silence)
            resumed.append(after)
        self.latest = max([self.latest, *lateness(history, resumed)])

    def __str__(self):
        silences = ", ".join(
            f"{victim} {statistics.median(times):.2f} s, at most {max(times):.2f} s ({len(times)} times)"
            for victim, times in sorted(self.silences.items())
        )
        return (
            f"{CYCLES} cycles: {self.outcomes['ok']} calls acknowledged, {sum(self.outcomes.values()) - self.outcomes['ok']} refused,"
            f" {self.tries_again} tries made again; 0 lost, 0 done twice, 0 out of order; what ran out went on after at most"
            f" {self.latest:.2f} s. Longest time without an answer, median: {silences}"
        )


def longest_silence(ends, began, until):
    """The longest time without any answer between two moments, and the moment at which it was over."""
    marks = [began, *(end for end in ends if began < end < until)]
    return max((after - before, after) for before, after in zip(marks, marks[1:]))


def lateness(history, resumed):
    """By how much holds that ran out were handed on late; while the server is down nothing can be."""
    for at, _, kind, _, now in history["happened"]:
        if kind == "HOLD_EXPIRED":
            yield at - max([now["expires_at"], *(moment for moment in resumed if moment < at)])


def test_killed_again_and_again(stage, tokens, tell):
    """H14, H27, H34, S1-OPS-18."""
    chance = random.Random(SEED)
    done = Cycles()
    for first in range(0, CYCLES, CYCLES_OF_AN_EVENT):
        kills = []
        with Crowd(stage, tokens, f"{SEED} {first}") as crowd:
            for _ in range(min(CYCLES_OF_AN_EVENT, CYCLES - first)):
                victim = chance.choice(list(stage.VICTIMS))
                time.sleep(chance.uniform(0.05, 0.4))  # the moment is the thing that is random
                began = time.time()
                wait_until(lambda victim=victim: stage.VICTIMS[victim](stage), f"there is a {victim} to be killed")
                wait_until(lambda began=began: crowd.is_served_since(began), f"all are served again after the {victim} was killed")
                kills.append((victim, began, time.time()))
        done.add(crowd, crowd.history(), kills)
        assert stage.sql("SELECT * FROM evently.verify()") == []
    assert done.outcomes["ok"] > 0 and done.tries_again > 0, "nothing was acknowledged, or in doubt: this proves nothing"
    assert done.latest < STUCK_S
    tell(done)


def test_what_is_lost_is_seen(stage, tokens):
    """The control: a server that acknowledges what is not yet on disk loses some of it, and these tests notice."""
    stage.sql("ALTER SYSTEM SET synchronous_commit = off")
    stage.sql("SELECT pg_reload_conf()")
    try:
        wait_until(lambda: lost_in_a_crash(stage, tokens), "something is lost")
    finally:
        stage.sql("ALTER SYSTEM RESET synchronous_commit")
        stage.sql("SELECT pg_reload_conf()")


def lost_in_a_crash(stage, tokens):
    with Crowd(stage, tokens, SEED) as crowd:
        began = time.time()
        wait_until(lambda: crowd.is_served_since(began), "all are served")
        stage.kill_postmaster()
    return crowd.lost()
