"""A web app that is told to stop while it starts stops; test_outage.py stops one at work."""

import contextlib
import shutil
import signal

from client import PATIENCE_S
from instance import wait_until
from server import Server


@contextlib.contextmanager
def starting():
    """A web app that does not run yet; yields it, and leaves nothing of it."""
    server = Server({"EVENTLY_ENV": "development"})
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()
        shutil.rmtree(server.home)


def test_told_before_anything_else():
    """A SIGTERM that is there already, blocked as its starter may leave it, is forgotten neither by parent nor by workers."""
    with starting() as server:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            server.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        server.process.terminate()
        assert server.process.wait(PATIENCE_S) == 0, server.log()


def test_told_as_soon_as_it_takes_connections():
    """Its workers are being made then. Before the first of them nothing has begun, and the signal just ends it."""
    for _ in range(12):
        with starting() as server:
            server.start()
            wait_until(server.answers, "the web app takes connections")
            server.process.terminate()
            assert server.process.wait(PATIENCE_S) in (0, -signal.SIGTERM), server.log()
