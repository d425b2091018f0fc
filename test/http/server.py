"""A web app of a test's own, on the database of all tests, for settings that the common one has not."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
from urllib.parse import quote

import tokens
from client import PATIENCE_S, Client
from instance import children_of, free_port, wait_until

# What test/memory has wrong accesses reported by.
INHERITED = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "shim" / "build" / "evently"


def database_url():
    """The web app's role in the cluster of all tests."""
    host = quote(os.environ["PGHOST"], safe="")
    return f"postgresql://evently_shim@/{os.environ['PGDATABASE']}?host={host}&port={os.environ['PGPORT']}"


class Server:
    """Access tokens of the common web app count here too: the secret is the same."""

    def __init__(self, settings):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="evently-server-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = Client(self.url)
        self.environment = {
            **INHERITED,
            "EVENTLY_PORT": str(self.port),
            "EVENTLY_HOME": str(self.home),
            "EVENTLY_DATABASE_URL": database_url(),
            "EVENTLY_JWT_SECRET": tokens.secret().decode(),
            "EVENTLY_WORKERS": "2",
            "EVENTLY_BCRYPT_COST": "4",
            "EVENTLY_MOCK_PAYMENTS": "on",
            **settings,
        }

    def start(self):
        with (self.home / "log").open("w") as log:
            self.process = subprocess.Popen([PROGRAM], cwd=self.home, env=self.environment, stdout=log, stderr=log)

    def __enter__(self):
        self.start()
        wait_until(self.answers, "the web app takes connections")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the web app does not stop: {self.log()}") from None
        finally:
            shutil.rmtree(self.home)

    def kill(self):
        """The parent first: it would start its workers anew."""
        workers = children_of(self.process.pid)
        self.process.kill()
        self.process.wait()
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)

    def answers(self):
        assert self.process.poll() is None, self.log()
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S).close()
        except ConnectionError:
            return False
        return True

    def log(self):
        return (self.home / "log").read_text()

    def as_user(self, user):
        """The same person at this server."""
        return Client(self.url, user.token, user.user)

    def tls_context(self):
        """Trusts the server's own certificate, and nobody else's."""
        return ssl.create_default_context(cafile=self.environment["EVENTLY_TLS_CERT"])


def run_with(settings, *arguments):
    """The program with only these settings, for those that must not start; its exit code and what it said."""
    with tempfile.TemporaryDirectory(prefix="evently-server-") as home:
        environment = {**INHERITED, "EVENTLY_HOME": home, **settings}
        done = subprocess.run(
            [PROGRAM, *arguments], cwd=home, env=environment, capture_output=True, text=True, timeout=PATIENCE_S
        )
        return done.returncode, done.stdout + done.stderr
