"""A base backup, taken while all book, and the archived WAL bring a database back to a point in time: what was acknowledged
before it is there, what came after it is not, and the restored database sells on.
"""

import contextlib
import os
import shutil
import time

import pytest

from claims import Claims
from crowd import Crowd
from history import read_history
from instance import wait_until
from pair import Node

ACCIDENT = "before the accident"


@pytest.fixture(scope="module")
def archive(stage):
    """Where the server puts its WAL."""
    directory = stage.home / "archive"
    directory.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(directory, "postgres", "postgres")
    with (stage.home / "pgdata" / "postgresql.conf").open("a") as settings:
        settings.write(f"archive_mode = on\narchive_command = 'cp %p {directory}/%f'\n")
    stage.stop_database()
    stage.start_database()
    wait_until(stage.is_ready, "the web app serves again")
    return directory


@pytest.fixture
def restored(stage):
    node = Node(stage.home, "restored")
    yield node
    with contextlib.suppress(FileNotFoundError):
        node.kill()


def is_archived(stage, segment):
    [(last,)] = stage.sql("SELECT coalesce(last_archived_wal, '') FROM pg_stat_archiver")
    return last >= segment


def recover(node, archive):
    """Replays what the archive has, up to the point, and takes writes then."""
    with (node.data / "postgresql.auto.conf").open("a") as settings:
        settings.write(
            f"archive_mode = off\nrestore_command = 'cp {archive}/%f %p'\n"
            f"recovery_target_name = '{ACCIDENT}'\nrecovery_target_action = promote\n"
        )
    (node.data / "recovery.signal").touch()
    node.start()
    with contextlib.closing(node.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = True

        def takes_writes():
            cursor.execute("SELECT NOT pg_is_in_recovery()")
            return cursor.fetchone()[0]

        wait_until(takes_writes, "the restored database takes writes")


def book_under(stage, tokens, restored):
    """All book while a backup is taken, and on; when the point in time began and ended, and the crowd."""
    with Crowd(stage, tokens, ACCIDENT) as crowd:
        restored.back_up(stage.home / "run")
        began = time.time()
        wait_until(lambda: crowd.is_served_since(began), "all are served after the backup")
        point_began = time.time()
        stage.sql(f"SELECT pg_create_restore_point('{ACCIDENT}')")
        point_ended = time.time()
        wait_until(lambda: crowd.is_served_since(point_ended), "all are served after the point")
    return crowd, point_began, point_ended


def test_point_in_time(stage, tokens, archive, restored, tell):
    crowd, point_began, point_ended = book_under(stage, tokens, restored)
    [(segment,)] = stage.sql("SELECT pg_walfile_name(pg_switch_wal())")
    wait_until(lambda: is_archived(stage, segment), "the WAL is archived")
    recover(restored, archive)

    before = [call for call in crowd.calls if call["ended"] < point_began]
    after = [call for call in crowd.calls if call["began"] > point_ended]
    with contextlib.closing(restored.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        happened = read_history(cursor, crowd.event, before)["happened"]
        assert Claims(happened, before).lost == []
        assert Claims(happened, after).lost, "the point in time is none: this proves nothing"
        cursor.execute("SELECT * FROM evently.verify()")
        assert cursor.fetchall() == []
        cursor.execute("SELECT event_id FROM evently.create_event('After', now() + interval '9 days', total_capacity => 5)")
        [event_id] = cursor.fetchone()
        cursor.execute("SELECT quantity FROM evently.book(%s, %s, quantity => 2)", (event_id, event_id))
        assert cursor.fetchone() == (2,)
        cursor.execute("SELECT * FROM evently.verify()")
        assert cursor.fetchall() == []
    acknowledged = sum(call["outcome"] == "ok" for call in before)
    assert acknowledged > 0
    tell(f"brought back to a point in time: {acknowledged} acknowledged calls from before it, 0 lost")
