"""One hot event, general admission: a booking by one call, as a naive one, as an application's transaction, and as plain rows."""

from harness import load
from harness.experiment import ALONE, BEST, Experiment, Figure, Side

SET = 100


def experiments(bench):
    def book(clients, seconds):
        return load.pgbench("book", clients, seconds, event=bench.database.new_event())

    def book_many(clients, seconds):
        return SET * load.pgbench("book_many", clients, seconds, event=bench.database.new_event(), size=SET)

    def peer(script):
        return lambda clients, seconds: load.pgbench(script, clients, seconds, event=bench.peer_event, answer=bench.answer)

    naive = Side("naive", "PL/pgSQL FOR UPDATE", peer("book_naive"))
    yield Experiment(
        "book",
        "One hot event: bookings by single calls",
        "bookings a second",
        (
            Side("book", "book()", book),
            naive,
            Side("rows", "plain INSERT of the rows", peer("insert_rows")),
        ),
        (
            Figure("book_naive", "`book`, one hot event, 64 clients, against PL/pgSQL `SELECT ... FOR UPDATE`", ">= 8", "book", "naive", 64, alone=ALONE),
            Figure("book_insert", "the same, against a plain INSERT of the same rows", ">= 0.9", "book", "rows", 64),
        ),
        "bookings-by-single-calls",
    )
    yield Experiment(
        "book_many",
        "One hot event: bookings in sets of 100",
        "bookings a second",
        (Side("many", "book_many(), sets of 100", book_many), naive),
        (
            Figure(
                "book_many",
                "`book_many`, sets of 100, one client, against PL/pgSQL `FOR UPDATE` writing the same rows, at its best number of clients",
                ">= 20",
                "many",
                "naive",
                1,
                BEST,
            ),
        ),
        "bookings-in-sets",
    )
