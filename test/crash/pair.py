"""A primary and its synchronous standby, and a web app that knows both by one connection string."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
from urllib.parse import quote

import psycopg2

from instance import children_of, is_running, wait_until
from stage import Stage, title_of

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")


class Node:
    """One server: its data, the directory of its socket."""

    def __init__(self, home, name):
        self.data = home / name / "data"
        self.sockets = home / name / "run"
        self.log = home / "log" / f"{name}.log"

    def run(self, program, *arguments):
        as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        with self.log.open("a") as log:
            done = subprocess.run([*as_owner, BINARIES / program, *arguments], cwd="/", stdout=log, stderr=log)
        assert done.returncode == 0, self.log.read_text()[-2000:]

    def make_room(self):
        shutil.rmtree(self.data.parent, ignore_errors=True)
        for directory in (self.data, self.sockets):
            directory.mkdir(parents=True, mode=0o700)
            if os.geteuid() == 0:
                shutil.chown(directory, "postgres", "postgres")

    def back_up(self, sockets, *options):
        """Takes a base backup of the server that listens there. Unsynced: the machine stays, and all wait for it meanwhile."""
        self.make_room()
        fast = ("-c", "fast", "--no-sync")
        self.run("pg_basebackup", "-h", sockets, "-p", "5432", "-U", "postgres", "-D", self.data, *fast, *options)

    def copy(self, primary):
        """Becomes a standby of another node."""
        self.back_up(primary.sockets, "-R")
        self.start()

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-o", f"-k {self.sockets}", "-w", "start")

    def promote(self):
        self.run("pg_ctl", "-D", self.data, "-w", "promote")

    def connect(self):
        return psycopg2.connect(host=str(self.sockets), port=5432, user="postgres", dbname="evently")

    @property
    def postmaster(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    @contextlib.contextmanager
    def silent(self):
        """A primary of whose changes its standby hears nothing while this lasts."""
        [sender] = [pid for pid in children_of(self.postmaster) if "walsender" in title_of(pid)]
        os.kill(sender, signal.SIGSTOP)
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(sender, signal.SIGCONT)

    def kill(self):
        """All at once, as when the machine is gone."""
        pid = self.postmaster
        processes = [pid, *children_of(pid)]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        wait_until(lambda: not any(is_running(process) for process in processes), "all of PostgreSQL's processes have ended")


class Pair(Stage):
    def __init__(self):
        super().__init__()
        self.environment["EVENTLY_STATEMENT_TIMEOUT"] = "2s"  # a commit that waits for longer is given up, as in doubt

    def start(self):
        super().start()
        self.primary, self.standby = Node(self.home, "a"), Node(self.home, "b")
        self.move_to_nodes()
        hosts = ",".join(quote(str(node.sockets), safe="") for node in (self.primary, self.standby))
        self.environment["EVENTLY_DATABASE_URL"] = (
            f"postgresql://evently_shim@/evently?host={hosts}&port=5432,5432&target_session_attrs=read-write"
        )
        self.start_shim()
        wait_until(self.is_ready, "the web app serves")

    def move_to_nodes(self):
        """The database that was made goes to the first node, and is copied to the second."""
        self.stop_database()
        self.primary.make_room()
        self.primary.data.rmdir()
        (self.home / "pgdata").rename(self.primary.data)
        self.primary.start()
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")  # on both: each will be the primary
        self.standby.copy(self.primary)
        self.sql("SELECT pg_reload_conf()")
        self.wait_for_standby()

    def connect(self):
        """To whichever takes writes."""
        hosts = ",".join(str(node.sockets) for node in (self.primary, self.standby))
        return psycopg2.connect(
            host=hosts, port="5432,5432", user="postgres", dbname="evently", target_session_attrs="read-write"
        )

    def wait_for_standby(self):
        with contextlib.closing(self.primary.connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True

            def is_streaming():
                cursor.execute("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state <> 'async'")
                return cursor.fetchone()[0] == 1

            wait_until(is_streaming, "the standby follows")

    def fail_over(self):
        """The primary is gone; the standby takes its place."""
        self.primary, self.standby = self.standby, self.primary
        self.primary.promote()

    def remove(self):
        self.script("shim", "stop")
        for node in (self.primary, self.standby):
            with contextlib.suppress(FileNotFoundError):
                node.kill()
        super().remove()
