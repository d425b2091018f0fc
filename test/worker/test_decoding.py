"""The outbox end to end: what a change data capture tool receives by logical decoding (S1-OUT-1, S2-OUT-1, S3-OUT-1)."""

import contextlib
import json

import pytest

PERSON = "0190a000-0000-7000-8000-000000000002"


@pytest.fixture
def slot(cluster, shop):
    cluster.sql(shop, "SELECT pg_create_logical_replication_slot('outbox', 'wal2json')")
    yield "outbox"
    cluster.sql(shop, "SELECT pg_drop_replication_slot('outbox')")


@pytest.fixture
def received(cluster, shop, slot):
    """The rows of the outbox that have arrived since the last time, as a connector sees them: in the order of commits."""

    def receive():
        rows = cluster.sql(
            shop,
            "SELECT data FROM pg_logical_slot_get_changes('outbox', NULL, NULL, 'format-version', '2', 'add-tables', 'evently.outbox')",
        )
        changes = [json.loads(data) for data, in rows]
        return [{column["name"]: column["value"] for column in change["columns"]} for change in changes if change["action"] == "I"]

    return receive


def test_every_change_arrives_once_with_debeziums_columns(cluster, shop, new_event, received):
    """S1-OUT-1, S2-OUT-1, S3-OUT-1, S1-FUT-3, S2-SRCH-1, S3-NOTIF-2."""
    event_id = new_event()
    booking_id = cluster.value(shop, "SELECT booking_id::text FROM evently.book(%s, %s, quantity => 2)", event_id, PERSON)
    cluster.sql(shop, "SELECT evently.cancel_booking(%s, %s)", event_id, booking_id)
    rows = received()
    assert [(row["aggregatetype"], row["aggregateid"], row["type"]) for row in rows] == [
        ("EVENT", event_id, "EVENT_CREATED"),
        ("BOOKING", booking_id, "BOOKING_CONFIRMED"),
        ("BOOKING", booking_id, "BOOKING_CANCELLED"),
    ]
    assert len({row["id"] for row in rows}) == 3
    payload = json.loads(rows[1]["payload"])
    assert (payload["booking_id"], payload["user_id"], payload["quantity"]) == (booking_id, PERSON, 2)
    assert payload == json.loads(cluster.value(shop, "SELECT payload::text FROM evently.outbox_read() WHERE id = %s", rows[1]["id"]))
    assert received() == []


def test_what_is_rolled_back_never_arrives(cluster, shop, new_event, received):
    """A booking and the caller's own row: both or neither, and told of only when both are there."""
    event_id = new_event()
    received()
    cluster.sql(shop, "CREATE TABLE my_order (booking_id uuid)")
    with contextlib.closing(cluster.connect(shop)) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        for end in (connection.rollback, connection.commit):
            cursor.execute("INSERT INTO my_order SELECT booking_id FROM evently.book(%s, %s, quantity => 1)", (event_id, PERSON))
            end()
    orders = cluster.sql(shop, "SELECT booking_id::text FROM my_order")
    assert [(row["aggregateid"],) for row in received()] == orders
    assert len(orders) == 1
