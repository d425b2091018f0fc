"""The bench's server: databases, events and people for the load to meet."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg2

sys.path.append(str(Path(__file__).resolve().parents[2] / "http"))
import tokens  # noqa: E402

PEOPLE = 1000
# The longest script makes ten million bookings.
SCRIPT_S = 1200
STADIUM = """
    SELECT venue_id FROM evently.create_venue(name => 'Bench stadium', address => '1 Long Road', city => 'Benchville', country => 'US',
        capacity => 50000, sections => (
            SELECT jsonb_agg(jsonb_build_object('name', (100 + block)::text, 'kind', 'reserved', 'rows', 50, 'seats_per_row', 50)
                ORDER BY block)
            FROM generate_series(1, 20) block))"""
HOUSE = "SELECT event_id FROM evently.create_event('House', now() + interval '30 days', venue_id => %s, base_price => 50)"
EVENT = "SELECT event_id FROM evently.create_event('Bench', now() + interval '30 days', total_capacity => 1000000, base_price => 50)"
SETTLE_S = 30
# As a server that has been running has it: the files are there, and are used again.
WAL = "SELECT count(pg_logical_emit_message(false, 'bench', repeat('-', 1048576))) FROM generate_series(1, %s)"
BUSY = """
    SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND state NOT LIKE 'idle%' AND pid <> pg_backend_pid()"""
ACCOUNTS = """
    INSERT INTO evently.account (account_id, email, name, created_at, updated_at)
    SELECT gen_random_uuid(), 'bench' || n || '@example.com', 'Bench ' || n, now(), now() FROM generate_series(1, %s) n
    RETURNING account_id"""


class Database:
    """A database of the cluster of PGHOST and PGPORT."""

    def __init__(self, name=None):
        self.name = name or os.environ["PGDATABASE"]
        self.stadium = None
        self.connect()

    def connect(self):
        self.connection = psycopg2.connect(dbname=self.name)
        self.connection.autocommit = True

    def close(self):
        self.connection.close()

    def another_connection(self):
        return Database(self.name)

    def rows(self, statement, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement, *values):
        return self.rows(statement, *values)[0][0]

    def psql(self, file, **variables):
        """Runs a script of psql's."""
        given = [f"-v{name}={value}" for name, value in {"ON_ERROR_STOP": 1, **variables}.items()]
        done = subprocess.run(
            ["psql", "-Xqt", "-d", self.name, *given, "-f", file], capture_output=True, text=True, timeout=SCRIPT_S
        )
        if done.returncode != 0:
            raise RuntimeError(f"{file}: {done.stderr}")
        return done.stdout

    def new_event(self):
        """On sale, with a million tickets: more than any run sells."""
        return self.value(EVENT)

    def new_house(self):
        """On sale, with 50,000 numbered seats."""
        if self.stadium is None:
            self.stadium = self.value(STADIUM)
        return self.value(HOUSE, self.stadium)

    def drop(self):
        self.close()
        administer(f"DROP DATABASE {self.name} WITH (FORCE)")

    def settle(self):
        """Waits until nobody else works for a client: what the last load asked for when it was stopped is done."""
        deadline = time.monotonic() + SETTLE_S
        while self.value(BUSY) and time.monotonic() < deadline:
            time.sleep(0.02)

    def make_room_for_wal(self, mebibytes):
        self.rows(WAL, mebibytes)
        self.rows("CHECKPOINT")

    def problems(self):
        """What verify() names. It looks at all rows: without statistics, its plan may take hours."""
        self.rows("ANALYZE")
        return self.value("SELECT count(*) FROM evently.verify()")


def administer(statement):
    """What needs a database that it does not concern."""
    server = Database("postgres")
    server.rows(statement)
    server.close()


def create(name):
    """A new database with nothing but the extension in it."""
    administer(f"CREATE DATABASE {name}")
    database = Database(name)
    database.rows("CREATE EXTENSION evently CASCADE")
    return database


def write_tokens(database, path):
    """People made for the bench, and a file with an access token of each that lasts for all of it."""
    with path.open("w") as file:
        for (account,) in database.rows(ACCOUNTS, PEOPLE):
            file.write(tokens.make({**tokens.good_claims(account), "exp": int(time.time()) + 86400}) + "\n")
