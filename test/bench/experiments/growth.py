"""What time does to a booking: ten million of them in the tables, and a snapshot held open while a million are made."""

from pathlib import Path

from harness import load
from harness.database import create
from harness.experiment import Experiment, Figure, Side, others_of

FILL = Path(__file__).parent / "fill.sql"
# Of the bookings of the goal: before the rounds, and by all runs of each of them. Together a bit less than the largest event holds.
BEFORE, IN_A_ROUND = 0.65, 0.1


class Growth:
    """Two databases alike, but for the bookings that one of them has already."""

    def __init__(self, bench):
        self.bench = bench
        self.databases = {}

    def prepare(self):
        for name in ("bench_empty", "bench_full"):
            self.databases[name] = create(name)
        self.databases["bench_full"].psql(FILL, bookings=self.bench.pace.many_bookings)

    def book(self, name):
        def measure(clients, seconds):
            database = self.databases[name]
            return load.pgbench("book", clients, seconds, database=database.name, event=database.new_event())

        return measure

    def cleanup(self):
        for database in self.databases.values():
            database.drop()

    def experiment(self):
        there = f"{self.bench.pace.many_bookings:,} bookings"
        what = f"cost of a booking at {there} against empty tables, 64 clients: less is better"
        return Experiment(
            "growth",
            f"A booking among {there}",
            "bookings a second",
            (Side("empty", "empty tables", self.book("bench_empty")), Side("full", there, self.book("bench_full"))),
            (Figure("growth", what, "<= 1.3", "empty", "full", 64),),
            "growth",
            prepare=self.prepare,
            cleanup=self.cleanup,
        )


class Snapshot:
    """The held side's event is in a database of its own, in which a transaction keeps its snapshot all the time: one of another
    database keeps no row alive. Most bookings of the goal are made before the rounds begin, so what is compared is the end."""

    def __init__(self, bench, script, size, clients):
        self.bench, self.script, self.size, self.clients = bench, script, size, clients
        self.runs = len({clients, *others_of(bench.pace)})

    def prepare(self):
        self.held = create(f"bench_held_{self.size}")
        self.event = self.held.new_event()
        self.holder = self.held.another_connection()
        self.holder.rows("BEGIN ISOLATION LEVEL REPEATABLE READ")
        self.holder.rows("SELECT count(*) FROM evently.stock")
        # What comes before the rounds need not be durable, which is faster.
        self.held.rows(f"ALTER DATABASE {self.held.name} SET synchronous_commit = off")
        self.sell(self.clients, BEFORE)
        self.held.rows(f"ALTER DATABASE {self.held.name} RESET synchronous_commit")

    def sell(self, clients, part):
        transactions = int(self.bench.pace.snapshot_bookings * part) // self.size
        return self.size * load.pgbench_count(
            self.script, clients, transactions, database=self.held.name, event=self.event, size=self.size
        )

    def with_snapshot(self, clients, seconds):
        return self.sell(clients, IN_A_ROUND / self.runs)

    def without(self, clients, seconds):
        database = self.bench.database
        return self.size * load.pgbench(self.script, clients, seconds, event=database.new_event(), size=self.size)

    def cleanup(self):
        self.holder.close()
        self.held.drop()

    def experiment(self, name, goal, what, title):
        return Experiment(
            name,
            title,
            "bookings a second",
            (Side("held", "a snapshot held open", self.with_snapshot), Side("free", "none", self.without)),
            (Figure(name, what, goal, "held", "free", self.clients),),
            "a-snapshot-held-open",
            prepare=self.prepare,
            cleanup=self.cleanup,
        )


def experiments(bench):
    yield Growth(bench).experiment()
    end = BEFORE + IN_A_ROUND * bench.pace.rounds
    part = f"{BEFORE:.0%} to {end:.0%} of {bench.pace.snapshot_bookings:,} bookings with a snapshot held open, against none"
    yield Snapshot(bench, "book_many", 100, 1).experiment(
        "snapshot", ">= 0.8", f"{part}: sets of 100, one client", "A snapshot held open: sets of 100"
    )
    yield Snapshot(bench, "book", 1, 64).experiment(
        "snapshot_single", ">= 0.6", "the same by single calls, 64 clients", "A snapshot held open: single calls"
    )
