"""Bookings by REST on one hot event, beside what SQL clients do."""

import uuid

from harness import load
from harness.experiment import ALONE, Experiment, Figure, Side


def experiments(bench):
    def book(clients, seconds):
        url = f"{bench.url}/api/v1/events/{bench.database.new_event()}/book"
        return load.http_served(url, clients, seconds, "book", bench.tokens, uuid.uuid4().hex).per_second

    def peer(script):
        return lambda clients, seconds: load.pgbench(script, clients, seconds, event=bench.peer_event)

    yield Experiment(
        "rest_book",
        "One hot event: bookings by REST",
        "bookings a second",
        (
            Side("rest", "POST events/{id}/book", book),
            Side("app", "application's transaction of 5 round trips, SQL", peer("book_app")),
            Side("insert", "plain INSERT of the booking's row, SQL", peer("insert_one")),
        ),
        (
            Figure("rest_app", "REST `POST events/{id}/book` with JWT, 256 connections, one hot event, against the application's transaction by 64 SQL clients", ">= 15", "rest", "app", 256, 64, ALONE),
            Figure("rest_insert", "the same, against a plain INSERT of one booking row by 64 SQL clients", ">= 1.0", "rest", "insert", 256, 64),
        ),
        "bookings-by-rest",
    )
