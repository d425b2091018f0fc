"""H14, H27: the primary is killed under load and its synchronous standby promoted. The web app follows by itself; nothing that
was acknowledged is lost, and what is in doubt is said to be so and settled by its key.

EVENTLY_FAILOVERS is how many (test/crash/run failover 100).
"""

import contextlib
import os
import random
import statistics
import threading
import time

import pytest

from client import PATIENCE_S, assert_error, expect
from crowd import Crowd, check_and_keep
from instance import wait_until
from pair import Pair

FAILOVERS = int(os.environ.get("EVENTLY_FAILOVERS", 3))
SEED = 20261122


@pytest.fixture(scope="module")
def pair():
    pair = Pair()
    try:
        pair.start()
        yield pair
    finally:
        pair.remove()


@pytest.fixture(scope="module")
def people(pair):
    return pair.new_tokens(64)


def fail_under(pair, crowd):
    """The standby hears nothing any more, a moment later the primary is gone, and the standby takes its place."""
    began = time.time()
    wait_until(lambda: crowd.is_served_since(began), "all are served")
    time.sleep(random.uniform(0.3, 1))
    with pair.primary.silent():
        time.sleep(random.uniform(0.1, 0.4))  # what is acknowledged in this time is known to the primary alone
        killed = time.time()
        pair.primary.kill()
    pair.fail_over()
    return killed


def test_failover_under_load(pair, people, tell):
    """H14, H27."""
    acknowledged, tries_again, waits = 0, 0, []
    for number in range(FAILOVERS):
        with Crowd(pair, people, f"{SEED} {number}") as crowd:
            killed = fail_under(pair, crowd)
            pair.standby.copy(pair.primary)
            wait_until(lambda killed=killed: crowd.is_served_since(killed), "all are served by the new primary")
            waits.append(time.time() - killed)
        acknowledged += check_and_keep(crowd.history())["ok"]
        tries_again += crowd.tries_again
        assert pair.sql("SELECT * FROM evently.verify()") == []
    assert acknowledged > 0 and tries_again > 0, "nothing was acknowledged, or in doubt: this proves nothing"
    tell(
        f"{FAILOVERS} failovers: {acknowledged} calls acknowledged, {tries_again} tries made again, 0 lost, 0 done twice;"
        f" all are served, with a new standby, after {statistics.median(waits):.1f} s (median), at most {max(waits):.1f} s"
    )


def test_without_a_synchronous_standby_some_is_lost(pair, people):
    """The control: the same, but the primary acknowledges what the standby does not have."""
    pair.sql("ALTER SYSTEM SET synchronous_standby_names = ''")
    pair.sql("SELECT pg_reload_conf()")
    with Crowd(pair, people, SEED) as crowd:
        fail_under(pair, crowd)
        pair.standby.copy(pair.primary)
    pair.wait_for_standby()
    assert crowd.lost(), "nothing is lost: the other test proves nothing"


def waiting_for_standby(pair):
    """Backends of the web app whose commit waits for the standby."""
    return [pid for pid, in pair.sql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'evently_shim'")]


def bookings_of(pair, event_id):
    [(count,)] = pair.sql(f"SELECT count(*) FROM evently.booking WHERE event_id = '{event_id}'")
    return count


@pytest.fixture
def show(pair):
    [(event_id,)] = pair.sql(
        "SELECT event_id::text FROM evently.create_event('Show', now() + interval '9 days', total_capacity => 10)"
    )
    return event_id


@pytest.fixture
def buyer(pair, people):
    return pair.client.with_token(next(iter(people.values())))


@pytest.fixture
def book(show, buyer):
    return lambda: buyer.post(f"/api/v1/events/{show}/book", {"quantity": 1}, idempotency_key=show)


@contextlib.contextmanager
def in_doubt(pair, call):
    """While this lasts the standby hears nothing. The call is committed on the primary alone and its wait for the standby was
    cancelled, which PostgreSQL calls a success, with a warning: it has been answered 503."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    with pair.primary.silent():
        thread.start()
        wait_until(lambda: waiting_for_standby(pair), "the commit waits")
        pair.sql(f"SELECT pg_cancel_backend({waiting_for_standby(pair)[0]})")
        thread.join(PATIENCE_S)
        assert_error(answers[0], 503, "UNAVAILABLE")
        yield


def test_a_doubt_is_settled_by_its_key(pair, show, book):
    with in_doubt(pair, book):
        pass
    assert expect(book(), 201)["quantity"] == 1
    assert bookings_of(pair, show) == 1


def test_a_doubt_is_not_settled_by_the_primary_alone(pair, show, book):
    """The repeat finds the booking, but until the standby has it too, that is no answer: the primary may be lost."""
    with in_doubt(pair, book):
        assert_error(book(), 503, "UNAVAILABLE")
        pair.primary.kill()
    pair.fail_over()
    pair.standby.copy(pair.primary)
    wait_until(pair.is_ready, "the web app has followed")
    assert bookings_of(pair, show) == 0
    first, again = (expect(book(), 201) for _ in range(2))
    assert first == again
    assert bookings_of(pair, show) == 1
