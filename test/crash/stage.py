"""A cluster and a web app of a test's own, and ways to kill their parts."""

import contextlib
import os
import pathlib
import random
import shutil
import signal

from client import expect, in_parallel, unique
from history import HOLD_TTL_S
from instance import Instance, children_of, is_running, told_of, wait_until

SETTINGS = f"""
shared_preload_libraries = 'evently'
evently.worker_databases = 'evently'
evently.hold_ttl = {HOLD_TTL_S}
evently.offer_ttl = {HOLD_TTL_S}
log_min_messages = log
"""
LOGS = pathlib.Path(__file__).resolve().parents[2] / "build" / "crash-logs"  # of the last test
PASSWORD = "correct horse battery staple"


def title_of(pid):
    return told_of(pid, "cmdline").replace("\0", " ").strip()


class Stage(Instance):
    def __init__(self):
        super().__init__()
        self.environment.update(EVENTLY_RATE_LIMIT="off", EVENTLY_JWT_ACCESS_TOKEN_DURATION="24h")

    def start(self):
        self.start_database()
        with (self.home / "pgdata" / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)
        self.stop_database()
        super().start()
        wait_until(self.is_ready, "the web app serves")

    def remove(self):
        shutil.copytree(self.home / "log", LOGS, dirs_exist_ok=True)
        super().remove()

    def sql(self, statement):
        """Runs a statement as superuser, outside of a transaction; its rows."""
        with contextlib.closing(self.connect()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def new_tokens(self, count):
        """Of so many people who have registered, by their ids."""

        def register():
            body = {"email": f"{unique('user')}@example.com", "password": PASSWORD, "name": "Test User"}
            return expect(self.client.post("/api/v1/auth/register", body), 201)

        sessions = in_parallel([register] * count, threads=8)
        return {session["user"]["user_id"]: session["access_token"] for session in sessions}

    def server_processes(self, title):
        """Pids of the database's processes whose title has this in it. Needs no connection, which could be refused."""
        return [pid for pid in children_of(self.postmaster_pid) if title in title_of(pid)]

    def kill_one(self, pids):
        """kill -9 of one of them; false if there was none."""
        try:
            os.kill(random.choice(pids), signal.SIGKILL)
        except (IndexError, ProcessLookupError):
            return False
        return True

    def database_runs(self):
        try:
            return is_running(self.postmaster_pid)
        except (FileNotFoundError, IndexError):  # IndexError: there was no room to write it
            return False

    def bring_back(self):
        """Starts what has ended, as an init system would. False where that failed: it will be tried again."""
        try:
            if not self.database_runs():
                self.start_database()
            if not is_running(self.shim_pid):
                self.start_shim()
        except AssertionError:
            return False
        return True

    # One method for each kind of victim: kills it, and does what an init system would then. False: there was none.

    def kill_backend(self):
        return self.kill_one([*self.server_processes("evently_shim evently"), *self.server_processes("postgres evently")])

    def kill_background_worker(self):
        return self.kill_one(self.server_processes("evently worker"))

    def kill_postmaster(self):
        pid = self.postmaster_pid
        children = children_of(pid)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(is_running(child) for child in children), "PostgreSQL's other processes have ended")
        self.start_database()
        return True

    def kill_shim_worker(self):
        return self.kill_one(list(self.workers()))

    def kill_shim(self):
        pid, workers = self.shim_pid, self.workers()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(is_running(worker) for worker in workers), "the web app's workers have ended")
        self.start_shim()
        return True

    VICTIMS = {
        "backend": kill_backend,
        "background worker": kill_background_worker,
        "postmaster": kill_postmaster,
        "web app's worker": kill_shim_worker,
        "web app": kill_shim,
    }
