#!/usr/bin/python3
"""How long a change takes from its commit to those who watch (goal: 500 ms), and what they cost the database.

    test/bench/live.py [WATCHERS] [CHANGES]      1000 watchers, 100 changes by default

Against a web app that runs (make up; EVENTLY_URL, otherwise http://127.0.0.1:EVENTLY_PORT), its database by PGHOST and its
like as superuser, who makes an event of its own and cancels it afterwards. Every watcher is a socket of this process, and all
come from one address: start the web app with EVENTLY_RATE_LIMIT=off.
"""

import os
import pathlib
import re
import selectors
import sys
import time
import urllib.request
from itertools import zip_longest

import psycopg2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "http"))
from live import Events  # noqa: E402

URL = os.environ.get("EVENTLY_URL") or f"http://127.0.0.1:{os.environ.get('EVENTLY_PORT', '8080')}"
PAUSE_S = 0.06  # so that changes fall anywhere between two polls


def polls():
    with urllib.request.urlopen(f"{URL}/metrics") as page:
        found = re.findall(r"^evently_live_polls_total (\d+)", page.read().decode(), re.MULTILINE)
    return int(found[0])


def watch(event_id, count):
    streams = [Events(URL, event_id) for _ in range(count)]
    for stream in streams:
        assert stream.begin().next()["event"] == "state"
    return streams


def delays_of(cursor, event_id, streams, changes):
    """Seconds from commit to arrival, of each change at each watcher: his own, and until the last one had it."""
    selector = selectors.DefaultSelector()
    for stream in streams:
        selector.register(stream.socket, selectors.EVENT_READ, stream)
    delays, last = [], []
    for number in range(changes):
        time.sleep(PAUSE_S * (number % 5))
        cursor.execute("SELECT available_seats FROM evently.get_availability(%s)", (event_id,))
        left = cursor.fetchone()[0] - 1
        cursor.execute("SELECT FROM evently.book(%s, gen_random_uuid(), quantity => 1)", (event_id,))
        committed = time.monotonic()
        waiting = set(streams)
        while waiting:
            for key, _ in selector.select(30):
                if any(message["data"]["available_seats"] == left for message in key.data.arrived()):
                    delays.append(time.monotonic() - committed)
                    waiting.discard(key.data)
        last.append(delays[-1])
    return sorted(delays), sorted(last)


def at(values, share):
    return 1000 * values[min(len(values) - 1, int(len(values) * share))]


def main():
    watchers, changes = (int(given or default) for given, default in zip_longest(sys.argv[1:], ("1000", "100")))
    connection = psycopg2.connect("")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_id FROM evently.create_event('live bench', now() + interval '1 day', total_capacity => 10000)"
        )
        event_id = cursor.fetchone()[0]
        try:
            for count in sorted({1, watchers}):
                streams = watch(event_id, count)
                asked, began = polls(), time.monotonic()
                delays, last = delays_of(cursor, event_id, streams, changes)
                asked = (polls() - asked) / (time.monotonic() - began)
                print(
                    f"{count} watchers, {changes} changes: commit to arrival {at(delays, 0.5):.0f} ms median, {at(delays, 0.99):.0f} ms p99,"
                    f" {at(delays, 1):.0f} ms at most; to the last watcher {at(last, 0.5):.0f} ms median; {asked:.1f} queries/s in all"
                )
                for stream in streams:
                    stream.close()
        finally:
            cursor.execute("SELECT FROM evently.cancel_event(%s)", (event_id,))


if __name__ == "__main__":
    main()
