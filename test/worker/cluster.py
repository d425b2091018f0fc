"""A cluster of its own with the library preloaded and logical decoding, for the tests of what runs beside the sessions."""

import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import psycopg2

LOCAL = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "local"

# How long a test waits for what must happen before it calls that a hang.
PATIENCE_S = 30

SETTINGS = """
shared_preload_libraries = 'evently'
evently.worker_databases = 'shop, "Other Shop"'
wal_level = logical
fsync = off
"""


def wait_until(condition, what):
    """Polls; the value of the condition when it has come true."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"did not happen: {what}")


class Cluster:
    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="evently-worker-"))
        self.home.chmod(0o755)  # the cluster's owner has to get in
        self.environment = {**os.environ, "EVENTLY_HOME": str(self.home), "EVENTLY_DATABASE_URL": ""}
        self.script("cluster", "start")
        with (self.home / "pgdata" / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)
        self.restart()
        # Newer minor versions have a list of the output plugins that may be used.
        if self.sql("postgres", "SELECT name FROM pg_settings WHERE name = 'output_plugin_libraries'"):
            self.sql("postgres", "ALTER SYSTEM SET output_plugin_libraries = pgoutput, test_decoding, wal2json")
            self.sql("postgres", "SELECT pg_reload_conf()")

    def script(self, *arguments):
        # Into a file: a server started in the background would keep a pipe open.
        log = self.home / "scripts.log"
        with log.open("a") as output:
            done = subprocess.run([LOCAL / arguments[0], *arguments[1:]], env=self.environment, stdout=output, stderr=output)
        assert done.returncode == 0, log.read_text()

    def restart(self):
        self.script("cluster", "stop")
        self.script("cluster", "start")

    def remove(self):
        self.script("reset")

    def connect(self, database):
        connection = psycopg2.connect(host=str(self.home / "run"), port=5432, user="postgres", dbname=database)
        connection.autocommit = True
        return connection

    def sql(self, database, statement, *values):
        """Runs a statement in a session of its own, returns its rows."""
        with contextlib.closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def value(self, database, statement, *values):
        return self.sql(database, statement, *values)[0][0]

    def workers(self, database):
        rows = self.sql(
            "postgres",
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'evently worker' AND datname = %s",
            database,
        )
        return [pid for pid, in rows]

    def worker(self, database):
        """The pid of the one worker, once there is one."""
        wait_until(lambda: len(self.workers(database)) == 1, f"{database} has a worker")
        return self.workers(database)[0]

    def accepts_connections(self):
        try:
            self.connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def crash(self, pid):
        """kill -9: the postmaster ends all sessions, recovers, and takes new ones."""
        started = self.value("postgres", "SELECT min(backend_start) FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
        os.kill(pid, signal.SIGKILL)

        def recovered():
            try:
                return self.value("postgres", "SELECT bool_and(backend_start > %s) FROM pg_stat_activity WHERE backend_type = 'checkpointer'", started)
            except psycopg2.Error:
                return False

        wait_until(recovered, "the server has recovered")
