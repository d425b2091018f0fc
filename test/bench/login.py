#!/usr/bin/python3
"""Does the time of a refused login tell whether the address has an account?

    test/bench/login.py [LOGINS]      400 of each kind by default

Against a web app that runs (make up; EVENTLY_URL, otherwise http://127.0.0.1:EVENTLY_PORT) and does nothing else, started with
EVENTLY_RATE_LIMIT=off. The kinds take turns, so that what else the machine does falls on both alike. Told are the medians, and how often a
guess by the time alone is right: 50 % is a coin's.
"""

import os
import pathlib
import random
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "http"))
from client import Client, expect, unique  # noqa: E402

URL = os.environ.get("EVENTLY_URL") or f"http://127.0.0.1:{os.environ.get('EVENTLY_PORT', '8080')}"
PASSWORD = "correct horse battery staple"
WARM_UP = 20


def seconds_to_refuse(client, email):
    began = time.perf_counter()
    answer = client.post("/api/v1/auth/login", {"email": email, "password": "not it"})
    assert answer.status == 401, f"{answer}: start the web app with EVENTLY_RATE_LIMIT=off"
    return time.perf_counter() - began


def share_above(border, above, below):
    """How much of it is right, to say of the one kind that it takes longer than this and of the other that it does not."""
    return (sum(time > border for time in above) + sum(time <= border for time in below)) / (len(above) + len(below))


def guessed_right(known, unknown):
    """The share of right guesses, by the border that parts one half of the times best, at the other half."""
    half = len(known) // 2

    def certainty(border):
        return abs(share_above(border, known[:half], unknown[:half]) - 0.5)

    border = max(known[:half] + unknown[:half], key=certainty)
    share = share_above(border, known[half:], unknown[half:])
    return share if share_above(border, known[:half], unknown[:half]) >= 0.5 else 1 - share


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    client = Client(URL)
    email = f"{unique('known')}@example.com"
    expect(client.post("/api/v1/auth/register", {"email": email, "password": PASSWORD, "name": "Known"}), 201)
    times = {"known": [], "unknown": []}
    for number in range(WARM_UP + count):
        kinds = list(times)
        random.shuffle(kinds)
        for kind in kinds:
            taken = seconds_to_refuse(client, email if kind == "known" else f"{unique('nobody')}@example.com")
            if number >= WARM_UP:
                times[kind].append(taken)
    for kind, taken in times.items():
        low, median, high = statistics.quantiles(taken, n=4)
        print(f"{kind:8} {len(taken)} logins refused: median {median * 1000:.2f} ms, half of them {low * 1000:.2f} to {high * 1000:.2f} ms")
    print(f"guessed right by the time: {guessed_right(times['known'], times['unknown']):.0%}")


if __name__ == "__main__":
    main()
