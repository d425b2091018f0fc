"""Load generators: pgbench for SQL, wrk for HTTP, redis-benchmark for Redis. Each call is one run, bounded in time, in which
everything must have succeeded; it returns how many a second."""

import json
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

EXPERIMENTS = Path(__file__).resolve().parent.parent / "experiments"
THREADS = 2
# What it usually takes until all clients have made their first transaction, and how much of the time asked for must be left then.
# Where that was not so, a run is made anew that waits for them; not at once, as pgbench writes its logs in blocks, and tells late.
FIRST_S, FIRST_OF_CLIENT_S = 0.1, 0.006
ENOUGH = 0.7
LOOK_S = 0.05
# Where not each connection had an answer, a run is made anew with twice the time.
ATTEMPTS = 6
# What a run may take longer than asked for: connections are made, the last transactions end.
GRACE_S = 60
# A run of so many transactions takes as long as it takes, but not this long.
PATIENCE_S = 1200


class LoadFailed(Exception):
    pass


def run(command, wait, stop):
    """Runs a command, tells it to stop after wait() (None: it ends by itself), returns its output."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        if wait is not None:
            wait()
            process.send_signal(stop)
        output, _ = process.communicate(timeout=PATIENCE_S if wait is None else GRACE_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise LoadFailed(f"{' '.join(map(str, command))}: {output[:2000]}")
    return output


def pgbench(script, clients, seconds, database=None, **variables):
    """Transactions a second of a script of experiments/sql, once every client has made its first one, which makes plans and
    fills caches. A variable that is a function is asked for its value before each attempt."""
    # SIGALRM is how pgbench ends its own runs; sent from here, a run may be shorter than a second.
    length = ["-T", GRACE_S]
    usual = FIRST_S + FIRST_OF_CLIENT_S * clients + seconds
    done = pgbench_run(script, clients, length, lambda logs: time.sleep(usual), database, variables)
    if done is None or done.seconds < ENOUGH * seconds:
        done = pgbench_run(script, clients, length, lambda logs: wait_for_all(logs, clients, seconds), database, variables)
    if done is None:
        raise LoadFailed(f"{script}: {clients} clients do not begin within {GRACE_S} s")
    return done.transactions / done.seconds


def wait_for_all(logs, clients, seconds):
    """Until every client has made its first transaction, and so long after it."""
    deadline = time.monotonic() + GRACE_S - seconds
    while len(first_ends(logs)[0]) < clients and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    time.sleep(seconds)


def pgbench_count(script, clients, transactions, database=None, **variables):
    """The same, until all clients together have made so many."""
    done = pgbench_run(script, clients, ["-t", max(2, transactions // clients)], None, database, variables)
    return done.transactions / done.seconds


@dataclass(frozen=True)
class Run:
    transactions: int
    seconds: float


def pgbench_run(script, clients, length, wait, database, variables):
    """A run of pgbench that is told to stop after wait(its logs), or None when not all clients were served."""
    command = ["pgbench", "-n", "-M", "prepared", "-j", min(THREADS, clients), "-c", clients, "-D", f"clients={clients}"]
    for name, value in variables.items():
        command += ["-D", f"{name}={value() if callable(value) else value}"]
    with tempfile.TemporaryDirectory(prefix="evently-bench-") as logs:
        command += ["-f", EXPERIMENTS / "sql" / f"{script}.sql", "-l", f"--log-prefix={logs}/log", *length]
        if database is not None:
            command.append(database)
        output = run([*map(str, command)], wait and partial(wait, Path(logs)), signal.SIGALRM)
        if "number of failed transactions: 0 " not in output:
            raise LoadFailed(f"{script}, {clients} clients: {output[:2000]}")
        return after_first(Path(logs), clients)


def first_ends(logs):
    """Of pgbench's logs, one per thread: when each client's first transaction ended, and when all ended. The last line may be
    half of one still."""
    first, ends = {}, []
    for log in logs.iterdir():
        with log.open() as lines:
            for line in lines:
                if not line.endswith("\n"):
                    break
                client, _, _, _, seconds, microseconds = line.split()
                end = int(seconds) + int(microseconds) / 1e6
                first[client] = min(end, first.get(client, end))
                ends.append(end)
    return first, ends


def after_first(logs, clients):
    """What was done after the last client's first transaction."""
    first, ends = first_ends(logs)
    if len(first) < clients:
        return None
    begin = max(first.values())
    counted = sum(end > begin for end in ends)
    return Run(counted, max(ends) - begin) if counted else None


@dataclass(frozen=True)
class HttpRun:
    per_second: float
    p99_ms: float
    requests: int
    refused: int
    broken: int
    unserved: int


def http(url, connections, seconds, script="get", *arguments):
    """A run of wrk with a script of experiments/wrk. refused: answers that are neither 2xx nor 3xx; broken: sockets;
    unserved: connections that came to nothing."""
    command = ["wrk", "-t", min(THREADS, connections), "-c", connections, "-d", f"{GRACE_S}s", "--timeout", "30s"]
    command += ["-s", EXPERIMENTS / "wrk" / f"{script}.lua", url, "--", *arguments]
    output = run([*map(str, command)], partial(time.sleep, seconds), signal.SIGINT)
    report = re.search(r"^\{.*\}$", output, re.MULTILINE)
    if report is None:
        raise LoadFailed(f"wrk {url}: {output[-2000:]}")
    return HttpRun(**json.loads(report[0]))


def http_served(url, connections, seconds, *arguments):
    """The same, all of it answered with success, and at least one answer for each connection."""
    for _ in range(ATTEMPTS):
        done = http(url, connections, seconds, *arguments)
        if done.refused or done.broken:
            break
        if done.requests >= connections and not done.unserved:
            return done
        seconds *= 2
    raise LoadFailed(f"wrk {url}: {done}")


def redis(socket, clients, calls, pipeline, *command):
    """Commands a second of redis-benchmark. __rand_int__ in a command is another number each time."""
    output = run(
        ["redis-benchmark", "-s", str(socket), "-c", str(clients), "-n", str(calls), "-P", str(pipeline)]
        + ["-r", "1000000000", "--csv", *command],
        None,
        None,
    )
    try:
        return float(output.strip().splitlines()[-1].split(",")[1].strip('"'))
    except (IndexError, ValueError):
        raise LoadFailed(f"redis-benchmark: {output[-2000:]}") from None
