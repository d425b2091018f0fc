"""A second web app with its own cluster, for the tests that break things."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

import psycopg2

from client import PATIENCE_S, Client, in_parallel

LOCAL = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "local"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(condition, what):
    """Polls; fails when the condition has not come true in a generous time."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"did not happen: {what}")


def told_of(pid, name):
    """What /proc says of a process; nothing when it has ended, be it between the opening and the reading."""
    try:
        return pathlib.Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_running(pid):
    stat = told_of(pid, "stat")
    return stat != "" and stat.rpartition(")")[2].split()[0] != "Z"


def children_of(pid):
    return {int(child) for child in told_of(pid, f"task/{pid}/children").split() if is_running(child)}


class Instance:
    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="evently-http-"))
        self.home.chmod(0o755)  # the cluster's owner has to get in
        self.port = free_port()
        self.extra_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = Client(self.url)
        self.environment = {
            **os.environ,
            "EVENTLY_HOME": str(self.home),
            "EVENTLY_PORT": str(self.port),
            "EVENTLY_BIND": "127.0.0.1",
            "EVENTLY_DATABASE_URL": "",
            "EVENTLY_EXTRA_PORTS": str(self.extra_port),
            "EVENTLY_ENV": "development",
            "EVENTLY_WORKERS": "2",
            "EVENTLY_BCRYPT_COST": "4",
        }

    def environment_of(self, script):
        return self.environment

    def script(self, *arguments):
        # Into a file: a server started in the background would keep a pipe open.
        log = self.home / "scripts.log"
        with log.open("a") as output:
            environment = self.environment_of(arguments[0])
            done = subprocess.run([LOCAL / arguments[0], *arguments[1:]], env=environment, stdout=output, stderr=output)
        assert done.returncode == 0, log.read_text()

    def start(self):
        self.script("cluster", "start")
        self.script("database")
        self.script("shim", "start")

    def remove(self):
        self.script("reset")

    def start_database(self):
        self.script("cluster", "start")

    def stop_database(self):
        self.script("cluster", "stop")

    def start_shim(self):
        self.script("shim", "start")

    def connect(self, user="postgres"):
        """A connection to its database, as its superuser unless it says whose."""
        return psycopg2.connect(host=str(self.home / "run"), port=5432, user=user, dbname="evently")

    @property
    def shim_pid(self):
        return int((self.home / "shim.pid").read_text().split()[0])

    def workers(self):
        """Pids of the web app's worker processes that run; one that has ended but was not collected yet does not."""
        return children_of(self.shim_pid)

    @property
    def postmaster_pid(self):
        return int((self.home / "pgdata" / "postmaster.pid").read_text().split()[0])

    def accepts_connections(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S).close()
        except ConnectionError:
            return False
        return True

    def tell_shim_to_stop(self):
        os.kill(self.shim_pid, signal.SIGTERM)

    def log_lines(self):
        return [json.loads(line) for line in (self.home / "log" / "evently.log").read_text().splitlines()]

    def answered(self, route, status):
        """How many requests the web app's log has."""
        return sum((line.get("route"), line.get("status")) == (route, status) for line in self.log_lines())

    def is_ready(self):
        """Do all workers serve, reads and writes? Connections fall on workers at random, so many are made."""

        def ask(number):
            if number % 2:
                return self.client.get("/health/ready").status
            return self.client.post("/api/v1/auth/logout", {"refresh_token": "nobody's"}).status

        try:
            return {*in_parallel([lambda number=number: ask(number) for number in range(60)], threads=10)} == {200}
        except ConnectionError:
            return False
