"""Chooses the experiments, runs them, says their ratios, writes the results. Started by test/bench/run."""

import os
import platform
import re
import signal
import sys
import time
from datetime import datetime, timezone
from functools import cached_property, partial
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(BENCH))

from experiments import booking, growth, limits, reads, rest, seats  # noqa: E402
from harness import experiment, plot, report  # noqa: E402
from harness.database import Database, write_tokens  # noqa: E402
from harness.redis import Redis  # noqa: E402

MODULES = (booking, seats, rest, reads, growth)


class Bench:
    """What experiments share: the server, what is on sale there, and the peers that are servers of their own."""

    def __init__(self, pace):
        self.pace = pace
        self.url = os.environ["EVENTLY_URL"]
        home = Path(os.environ["EVENTLY_HOME"])
        self.shim, self.postmaster = (int((home / file).read_text().split()[0]) for file in ("shim.pid", "pgdata/postmaster.pid"))
        self.internal_key = (home / "internal_api_key").read_text().strip()
        self.work = home / "bench"
        self.work.mkdir()
        self.servers = []
        self.database = Database()

    def prepare(self):
        """The database for loads: it is as it was made until then."""
        self.database.make_room_for_wal(self.pace.wal_mebibytes)
        self.database.psql(BENCH / "peers" / "peers.sql")
        self.database.rows("SELECT peer.sell_by_chance(%s)", self.database.new_house())

    @cached_property
    def list_url(self):
        """A list of 20 events, among many."""
        self.database.psql(reads.EVENTS, events=self.pace.events)
        return self.url + reads.LIST + reads.FILTERS

    @cached_property
    def peer_event(self):
        return self.database.value("INSERT INTO peer.event VALUES (gen_random_uuid(), 1000000000, 50) RETURNING event_id")

    @cached_property
    def answer(self):
        """What book() stores under a key and tells the outbox, for the plain rows to be as long."""
        event = self.database.new_event()
        self.database.rows("SELECT FROM evently.book(%s, gen_random_uuid(), quantity => 1, idempotency_key => 'answer')", event)
        return self.database.value("SELECT response::text FROM evently.idempotency WHERE scope_id = %s", event)

    def new_peer_house(self):
        house = self.database.new_house()
        self.database.rows("INSERT INTO peer.seat SELECT * FROM evently.event_seat WHERE event_id = %s", house)
        # Without statistics the planner reads all of a house to find two seats.
        self.database.rows("ANALYZE peer.seat")
        return house

    @cached_property
    def redis(self):
        server = Redis(self.work, BENCH / "peers" / "hold.lua")
        self.stop_at_end(server)
        return server

    @cached_property
    def tokens(self):
        path = self.work / "tokens"
        write_tokens(self.database, path)
        return str(path)

    def stop_at_end(self, server):
        self.servers.append(server)

    def close(self):
        for server in self.servers:
            server.stop()


def say(text):
    print(f"{datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def heading(pace, database):
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    rounds = "One round" if pace.rounds == 1 else f"{pace.rounds} rounds"
    quick = " BENCH=quick" if pace is experiment.QUICK else ""
    return (
        f"`make bench{quick}`, {datetime.now(timezone.utc):%Y-%m-%d}: {os.cpu_count()} cores ({cpu[1] if cpu else platform.machine()}), "
        f"PostgreSQL {database.value('SHOW server_version')}, durable commits, load generators on the same machine. {rounds} of {pace.seconds} s "
        f"({pace.other_seconds} s at other numbers of clients), all sides in turn: median (minimum to maximum). A ratio is the median of the "
        f"ratios of the rounds, not the ratio of the medians: the machine drifts less within a round."
    )


class Results:
    def __init__(self, bench, writes):
        self.bench, self.writes = bench, writes
        self.compared, self.measured = [], []

    def compare(self, planned, figures):
        planned.prepare()
        try:
            samples = experiment.measure(planned, figures, self.bench.pace, self.bench.database.settle, say)
        finally:
            planned.cleanup()
        ratios = [*experiment.ratios(figures, samples, self.bench.pace)]
        for ratio in ratios:
            print(report.said(ratio), flush=True)
        self.compared.append(report.Compared(planned, ratios))
        if self.writes:
            plot.draw(BENCH / "plots" / f"{planned.name}.svg", planned, samples)

    def measure(self, planned):
        done = planned.take()
        self.measured.append(done)
        print(f"figure {done.name} {done.value:.4g} {done.unit}", flush=True)

    def write(self, end):
        if self.writes:
            text = "\n".join(report.lines(self.compared, self.measured, heading(self.bench.pace, self.bench.database)))
            (BENCH / "results.md").write_text(f"{text}\n\n{end}\n")


def plan(bench, results, only):
    """The steps of the run, each with its name: all of them, or those of the figures named. What a server costs that nobody
    uses is measured first."""
    fresh, measurements = [*limits.of_fresh_server(bench)], [*limits.measurements(bench)]
    experiments = [planned for module in MODULES for planned in module.experiments(bench)]
    names = [figure.name for planned in experiments for figure in planned.figures] + [planned.name for planned in fresh + measurements]
    if set(only) - set(names):
        sys.exit(f"no such figure: {' '.join(set(only) - set(names))}; there are: {' '.join(names)}")

    def measured(planned):
        return [(one.name, partial(results.measure, one)) for one in planned if not only or one.name in only]

    compared = []
    for planned in experiments:
        figures = [figure for figure in planned.figures if not only or figure.name in only]
        if figures:
            compared.append((planned.name, partial(results.compare, planned, figures)))
    return [*measured(fresh), ("prepare", bench.prepare), *compared, *measured(measurements)]


def run(bench, only):
    """Results are written after each step: a run that is ended early leaves what it found."""
    began = time.monotonic()
    results = Results(bench, writes=not only)
    steps = plan(bench, results, only)
    for number, (name, step) in enumerate(steps, 1):
        say(f"{name}, step {number} of {len(steps)}")
        step()
        results.write(f"This run has not come to its end: {number} of {len(steps)} steps.")
    say("verify()")
    problems = bench.database.problems()
    if problems:
        sys.exit(f"evently.verify() names {problems} problems after the bench")
    seconds = time.monotonic() - began
    results.write(f"The run took {seconds / 60:.1f} minutes. Afterwards `evently.verify()` is empty.")
    say(f"done in {seconds:.0f} s")


def main():
    # What was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    pace = experiment.QUICK if os.environ.get("BENCH") == "quick" else experiment.FULL
    only = os.environ.get("ONLY", "").split()
    bench = Bench(experiment.only_main(pace) if only else pace)
    try:
        run(bench, only)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
