"""What is measured without a peer: how long locks are held, a thousand connections at once, memory and idle time."""

import statistics
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from experiments.reads import LIST
from harness import load, processes
from harness.experiment import others_of

CONNECTIONS = 1000
READERS = 64
SERVICES = 16
LOCK_CLIENTS = 64
# As with all figures, from the moment on when each client has booked once.
LOCK_HELD = """
    SELECT extract(epoch FROM percentile_disc(0.99) WITHIN GROUP (ORDER BY free - locked))::float8 * 1000 FROM peer.lock_held
    WHERE locked > (SELECT max(first) FROM (SELECT min(free) AS first FROM peer.lock_held GROUP BY session) s)"""
# A server has settled when it takes less than so much of a core for a while: of the time that is measured then. It is waited for
# at most so many times that long.
SETTLED_PERCENT, SETTLED_PART, SETTLED_ATTEMPTS = 1, 0.1, 20
# PostgreSQL 15 forgets 24 bytes at each COMMIT of a procedure that has written anything, until the procedure ends.
CALLS_AT_ONCE = 4000
# Of the calls: made before memory is looked at the first time, when everything has been used for a while.
WARM_UP = 0.1


@dataclass(frozen=True)
class Value:
    name: str
    what: str
    goal: str
    unit: str
    profile: str
    value: float


@dataclass(frozen=True)
class Measurement:
    name: str
    what: str
    goal: str
    unit: str
    profile: str
    measure: Callable[[], float]

    def take(self):
        return Value(self.name, self.what, self.goal, self.unit, self.profile, self.measure())


def lock_held(bench, clients):
    """Milliseconds, at the 99th percentile."""
    database = bench.database
    database.rows("TRUNCATE peer.lock_held")
    load.pgbench("book_timed", clients, bench.pace.seconds, event=database.new_event())
    return database.value(LOCK_HELD)


def connections(bench):
    """Milliseconds, at the 99th percentile, of bookings by REST, all of which succeed."""
    url = f"{bench.url}/api/v1/events/{bench.database.new_event()}/book"
    return load.http_served(url, CONNECTIONS, 2 * bench.pace.seconds, "book", bench.tokens, uuid.uuid4().hex).p99_ms


# How many a second and how long they take is told of one and the same run.


@cache
def lists(bench):
    return load.http_served(bench.list_url, READERS, 2 * bench.pace.seconds, "list", LIST)


@cache
def availability(bench):
    return load.http_served(f"{bench.url}/api/v1/events/{bench.database.new_event()}/availability", READERS, 2 * bench.pace.seconds)


@cache
def updates(bench):
    """Other services that take places of one event by number, as fast as they are let. The second run: in the first one each
    connection of the web app makes its plans, one after the other."""
    url = f"{bench.url}/internal/events/{bench.database.new_event()}/update-availability"
    for _ in range(2):
        done = load.http_served(url, SERVICES, 2 * bench.pace.seconds, "update", bench.internal_key)
    return done


def shim_memory(bench):
    """MiB that the web app's workers grow by, over all requests of availability and bookings."""
    event = bench.database.new_event()
    url = f"{bench.url}/api/v1/events/{event}"
    def serve(requests):
        while requests > 0:
            done = load.http(f"{url}/availability", 64, 5 * bench.pace.seconds)
            requests -= done.requests
            done = load.http(f"{url}/book", 64, bench.pace.seconds, "book", bench.tokens, uuid.uuid4().hex)
            requests -= done.requests

    def memory():
        return sum(processes.own_memory_kib(pid) for pid in processes.children(bench.shim))

    calls = bench.pace.calls
    serve(calls * WARM_UP)
    before = memory()
    serve(calls)
    return (memory() - before) / 1024


def backend_memory(bench):
    """MiB that a connection's process grows by, over all calls: a booking, its booking read, its cancellation, what is left."""
    database = bench.database.another_connection()
    pid = database.value("SELECT pg_backend_pid()")
    database.rows("SET synchronous_commit = off")

    def call(calls):
        event = database.new_event()
        for begun in range(0, calls, CALLS_AT_ONCE):
            database.rows("CALL peer.use(%s, %s)", event, min(CALLS_AT_ONCE, calls - begun) // 4)
        return processes.own_memory_kib(pid)

    before = call(int(bench.pace.calls * WARM_UP))
    after = call(bench.pace.calls)
    database.close()
    return (after - before) / 1024


def idle(bench):
    """Percent of a core, of the server and the web app together, once they have settled."""
    parents = (bench.shim, bench.postmaster)

    def used(seconds):
        before = sum(map(processes.cpu_seconds, parents))
        time.sleep(seconds)
        return (sum(map(processes.cpu_seconds, parents)) - before) / seconds * 100

    seconds = bench.pace.idle_seconds
    for _ in range(SETTLED_ATTEMPTS):
        if used(seconds * SETTLED_PART) < SETTLED_PERCENT:
            break
    return used(seconds)


def first_booking(bench):
    """How many times as long as the next ones takes the first booking of a house, in a session that has booked before."""
    house = bench.database.new_house()
    output = bench.database.psql(Path(__file__).parent / "first_booking.sql", house=house)
    times = [float(line.split()[1]) for line in output.splitlines() if line.startswith("Time:")][-201:]
    return times[0] / statistics.median(times[1:])


def of_fresh_server(bench):
    what = f"CPU time of server and web app together, nothing asked for {bench.pace.idle_seconds} s"
    yield Measurement("idle", what, "<= 0.5", "% of a core", "idle", partial(idle, bench))


def measurements(bench):
    held = f"locks held per booking, from the last one's grant to the end of the commit, p99, {LOCK_CLIENTS} clients"
    yield Measurement("lock_held", held, "< 10", "ms", "locks", partial(lock_held, bench, LOCK_CLIENTS))
    for clients in others_of(bench.pace):
        yield Measurement(f"c{clients}_lock_held", f"the same, {clients} clients", "", "ms", "locks", partial(lock_held, bench, clients))
    millions = f"{bench.pace.calls:,}"
    for name, what, goal, unit, profile, measure in (
        ("connections", f"REST bookings by {CONNECTIONS:,} connections at once on one event, p99, no errors", "< 250", "ms", "bookings-by-rest", connections),
        ("lists", f"REST lists of 20 events, 1,400 sets of filters, {READERS} connections", ">= 1,000", "/s", "reads-by-rest", lambda bench: lists(bench).per_second),
        ("lists_p99", "the same, p99", "< 200", "ms", "reads-by-rest", lambda bench: lists(bench).p99_ms),
        ("availability", f"REST availability, {READERS} connections", ">= 2,000", "/s", "reads-by-rest", lambda bench: availability(bench).per_second),
        ("availability_p99", "the same, p99", "< 100", "ms", "reads-by-rest", lambda bench: availability(bench).p99_ms),
        ("updates", f"update-availability of one event by {SERVICES} services at once", ">= 500", "/s", "updates-of-availability", lambda bench: updates(bench).per_second),
        ("updates_p99", "the same, p99", "< 50", "ms", "updates-of-availability", lambda bench: updates(bench).p99_ms),
        ("first_booking", "the first booking of a 50,000-seat event, as a multiple of the next ones", "", "times", "", first_booking),
        ("shim_memory", f"growth of the web app over {millions} requests", "<= 1", "MiB", "memory", shim_memory),
        ("backend_memory", f"growth of a backend over {millions} calls", "<= 1", "MiB", "memory", backend_memory),
    ):
        yield Measurement(name, what, goal, unit, profile, partial(measure, bench))
