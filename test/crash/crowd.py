"""Bookers who go on whatever is killed under them, and the history of what they did."""

import contextlib
import json
import pathlib
import threading
import time
import uuid

from claims import Claims
from door import RestDoor, SqlDoor
from history import check, read_history
from model import Disagreement
from storm import Client, create_event

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"


class Booker(Client):
    """Every call has a key: with it an answer that got lost is asked for again."""

    def key(self):
        return str(uuid.UUID(int=self.random.getrandbits(128)))


class Crowd:
    """Bookers of one event, who book from entering the context to leaving it."""

    def __init__(self, stage, tokens, seed, by_rest=24, by_sql=8):
        self.stage = stage
        with contextlib.closing(stage.connect()) as connection, connection, connection.cursor() as cursor:
            self.event = create_event(cursor)
        doors = [RestDoor(stage.url, tokens) for _ in range(by_rest)] + [SqlDoor(stage.connect) for _ in range(by_sql)]
        self.bookers = [Booker(number, seed, self.event, list(tokens), door) for number, door in enumerate(doors)]
        self.stopped = threading.Event()
        self.failures = []
        self.threads = [threading.Thread(target=self.run, args=(booker,)) for booker in self.bookers]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()
        for booker in self.bookers:
            booker.door.close()

    def run(self, booker):
        try:
            while not self.stopped.is_set():
                booker.step()
        except Exception as failure:
            self.failures.append(failure)
            self.stopped.set()

    def is_served_since(self, moment):
        """Have most had an answer to a call that they made after this moment?"""
        assert not self.failures, self.failures
        served = sum(bool(booker.log) and booker.log[-1]["began"] > moment for booker in self.bookers)
        return self.are_most(served)

    def are_most(self, number):
        return number > len(self.bookers) * 3 // 4

    def was_served_between(self, began, ended):
        """Had most an answer to a call that they made in this time, and in it?"""
        assert not self.failures, self.failures
        served = sum(any(began < call["began"] and call["ended"] < ended for call in booker.log) for booker in self.bookers)
        return self.are_most(served)

    @property
    def calls(self):
        return [call for booker in self.bookers for call in booker.log]

    @property
    def tries_again(self):
        return sum(booker.door.tries_again for booker in self.bookers)

    def history(self):
        assert not self.failures, self.failures
        return self.read_history()

    def read_history(self):
        with contextlib.closing(self.stage.connect()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                return read_history(cursor, self.event, self.calls)

    def lost(self):
        """The calls that were acknowledged, and of which the database knows nothing."""
        history = self.read_history()
        return Claims(history["happened"], history["calls"]).lost


def check_and_keep(history):
    """A history that is wrong is kept, for test/model/storm.py --replay."""
    try:
        return check(history)
    except Disagreement:
        BUILD.mkdir(exist_ok=True)
        (BUILD / f"history-{int(time.time())}.json").write_text(json.dumps(history))
        raise
