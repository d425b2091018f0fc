"""Chooses the experiments, runs them, says their ratios, writes the results. Started by test/bench/run."""

import os
import platform
import re
import signal
import sys
import time
from datetime import datetime, timezone
from functools import cached_property
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
        self.database.psql(BENCH / "peers" / "peers.sql")
        self.database.rows("SELECT peer.sell_by_chance(%s)", self.database.new_house())

    @cached_property
    def list_url(self):
        """A list of 20 events, among many."""
        self.database.psql(reads.EVENTS)
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
    def __init__(self):
        self.ratios, self.measured, self.plots = [], [], []

    def compare(self, bench, planned, figures, draws):
        planned.prepare()
        try:
            samples = experiment.measure(planned, figures, bench.pace, bench.database.settle, say)
        finally:
            planned.cleanup()
        for ratio in experiment.ratios(planned, figures, samples, bench.pace):
            self.ratios.append(ratio)
            print(report.said(ratio), flush=True)
        if draws:
            plot.draw(BENCH / "plots" / f"{planned.name}.svg", planned, samples)
            self.plots.append((planned.title, f"{planned.name}.svg", {figure.name for figure in figures}))

    def measure(self, planned):
        done = planned.take(say)
        self.measured.append(done)
        print(f"figure {done.name} {done.value:.4g} {done.unit}", flush=True)

    def write(self, bench):
        text = "\n".join(report.lines(self.ratios, self.measured, self.plots, heading(bench.pace, bench.database)))
        (BENCH / "results.md").write_text(f"{text}\n\nAfterwards `evently.verify()` is empty.\n")


def run(bench, only):
    """All of it, or only the figures named."""
    experiments = [planned for module in MODULES for planned in module.experiments(bench)]
    measurements = [*limits.measurements(bench)]
    names = [figure.name for planned in experiments for figure in planned.figures] + [planned.name for planned in measurements]
    if set(only) - set(names):
        sys.exit(f"no such figure: {' '.join(set(only) - set(names))}; there are: {' '.join(names)}")
    results = Results()
    for planned in experiments:
        figures = [figure for figure in planned.figures if not only or figure.name in only]
        if figures:
            results.compare(bench, planned, figures, draws=not only)
    for planned in measurements:
        if not only or planned.name in only:
            results.measure(planned)
    problems = bench.database.problems()
    if problems:
        sys.exit(f"evently.verify() names {problems} problems after the bench")
    if not only:
        results.write(bench)


def main():
    # What was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    pace = experiment.QUICK if os.environ.get("BENCH") == "quick" else experiment.FULL
    only = os.environ.get("ONLY", "").split()
    bench = Bench(experiment.only_main(pace) if only else pace)
    try:
        run(bench, only)
    finally:
        bench.close()
    say(f"done in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
