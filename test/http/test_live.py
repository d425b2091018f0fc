"""GET /api/v1/events/{id}/live: who watches an event is told what changes, misses nothing, and costs the database nothing."""

import json
import os
import resource
import socket
import struct
import time
import uuid

import pytest

from client import Client, Wire, assert_error, expect, http_bytes
from instance import wait_until
import tokens
from live import Closed, Events, WebSocket
from test_metrics import value


def of_seats(data):
    """An event that was changed shortly before one began to watch may be told once more, without a seat."""
    return data["seats"]


ways = pytest.mark.parametrize("way", [Events, WebSocket])


@pytest.fixture
def watch(url):
    """Watches an event; the first message is in `state`."""
    streams = []

    def start(event, way=Events, at=url, **options):
        stream = way(at, event["event_id"], **options)
        streams.append(stream)
        stream.begin()
        assert stream.status == (101 if way is WebSocket else 200)
        stream.state = stream.next()
        return stream

    yield start
    for stream in streams:
        stream.close()


@ways
def test_seats_and_availability(watch, way, user, seated_event):
    """S3-FUT-3: a hold, a booking, its cancellation, a release: each seat by its label, and what is left."""
    stream = watch(seated_event, way)
    assert stream.state["event"] == "state"
    expected = expect(user.get(f"/api/v1/events/{seated_event['event_id']}/availability"), 200)
    assert {**stream.state["data"], "last_updated": ""} == {**expected, "last_updated": ""}

    hold = user.hold(seated_event, seat_ids=["A-1", "A-2"])
    change = stream.next_change(of_seats)
    assert change["seats"] == {"A-1": "held", "A-2": "held"}
    assert (change["available_seats"], change["sale_status"], change["reload"]) == (18, "on_sale", False)
    booking = user.confirm(hold)
    assert stream.next_change(of_seats)["seats"] == {"A-1": "sold", "A-2": "sold"}
    expect(user.delete(f"/api/v1/bookings/{booking['booking_id']}"), 200)
    change = stream.next_change(of_seats)
    assert (change["seats"], change["available_seats"]) == ({"A-1": "available", "A-2": "available"}, 20)
    hold = user.hold(seated_event, seat_ids=["B-1"])
    assert stream.next_change(of_seats)["seats"] == {"B-1": "held"}
    expect(user.delete(f"/api/v1/seats/hold/{hold['hold_id']}"), 200)
    assert stream.next_change(of_seats)["seats"] == {"B-1": "available"}


@ways
def test_tickets_without_seats(watch, way, user, new_event):
    """General admission, sold out, and on sale again."""
    event = new_event(total_capacity=3)
    stream = watch(event, way)
    booking = user.book(event, quantity=3)
    change = stream.next_change(lambda data: data["available_seats"] == 0)
    assert (change["seats"], change["sale_status"]) == ({}, "sold_out")
    expect(user.delete(f"/api/v1/bookings/{booking['booking_id']}"), 200)
    assert stream.next_change(lambda data: data["available_seats"] == 3)["sale_status"] == "on_sale"


def test_hold_that_ends_by_itself(watch, user, connect, seated_event):
    """Nobody has tidied it up and nothing is in the outbox, but its seats are free."""
    hold = user.hold(seated_event, seat_ids=["A-1"])
    stream = watch(seated_event)
    with connect() as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "WITH soon AS (SELECT clock_timestamp() + interval '1 s' AS at), h AS (UPDATE evently.hold SET expires_at = at"
            " FROM soon WHERE hold_id = %s) UPDATE evently.event_seat SET held_until = at FROM soon WHERE hold_id = %s",
            [hold["hold_id"]] * 2,
        )
    stream.seats_until({"A-1": "available"})


def of_status(status):
    return lambda place: place["status"] == status


@ways
@pytest.mark.parametrize("of", ["events", "waitlist"])
def test_place_in_the_queue(watch, way, of, sold_out, new_user):
    """S3-WAIT-10: who waits is told his place, at once and as it changes; his offer; that it is gone. Nobody else is."""
    event, booking, buyer = sold_out(tickets=1)
    first, second, third, fourth = (new_user() for _ in range(4))
    for person in (first, second, third):
        expect(person.post("/api/v1/waitlist", {"event_id": event["event_id"]}), 201)
    stream, stranger = watch(event, way, token=third.token, of=of), watch(event)
    place = stream.state["data"] if of == "waitlist" else stream.next_place()
    assert (place["position"], place["status"], place["quantity"], place["offer"]) == (3, "active", 1, None)
    expect(fourth.post("/api/v1/waitlist", {"event_id": event["event_id"]}), 201)
    watch(event, token=fourth.token).next_place()  # the queue has moved, but not he
    expect(first.delete(f"/api/v1/waitlist/{event['event_id']}"), 200)
    assert stream.next_place()["position"] == 2
    expect(second.delete(f"/api/v1/waitlist/{event['event_id']}"), 200)
    assert stream.next_place()["position"] == 1
    expect(buyer.delete(f"/api/v1/bookings/{booking['booking_id']}"), 200)
    place = stream.next_place(of_status("notified"))
    assert place["position"] is None
    expect(third.post(f"/api/v1/waitlist/{event['event_id']}/accept", {"hold_id": place["offer"]["hold_id"]}), 201)
    assert stream.next_place()["status"] == "converted"
    kinds = set()
    while "change" not in kinds:
        kinds.add(stranger.next()["event"])
    assert "waitlist" not in kinds


def test_place_alone(watch, user, waited_for, admin, new_user):
    """waitlist/{event_id}/live says nothing of seats."""
    event_id = waited_for(user)
    stream = watch({"event_id": event_id}, token=user.token, of="waitlist")
    assert stream.state["event"] == "waitlist"
    expect(admin.put(f"/api/v1/admin/events/{event_id}", {"description": "changed"}), 200)
    expect(user.delete(f"/api/v1/waitlist/{event_id}"), 200)
    message = stream.next()
    assert (message["event"], message["data"]["status"], "id" in message) == ("waitlist", "cancelled", False)


def test_who_joins_later_is_told(watch, user, sold_out):
    event, _, _ = sold_out()
    stream = watch(event, token=user.token)
    expect(user.post("/api/v1/waitlist", {"event_id": event["event_id"]}), 201)
    assert stream.next_place()["position"] == 1


def test_place_of_an_offer_that_ends_by_itself(watch, user, offered, connect):
    event_id = offered(user)
    stream = watch({"event_id": event_id}, token=user.token)
    hold_id = stream.next_place()["offer"]["hold_id"]
    with connect() as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE evently.hold SET expires_at = clock_timestamp() + interval '1 s' WHERE hold_id = %s", [hold_id]
        )
    assert stream.next_place()["status"] == "expired"


def test_place_needs_a_token_that_counts(anonymous, user, other_user, waited_for, secrets):
    """Without one, with a broken one, with one of an ended session; and who does not wait has no place."""
    event_id = waited_for(user)
    path = f"/api/v1/waitlist/{event_id}/live"
    assert_error(anonymous.get(path), 401, "UNAUTHORIZED")
    assert_error(anonymous.with_token("x.y.z").get(f"/api/v1/events/{event_id}/live"), 401, "UNAUTHORIZED")
    assert_error(other_user.get(path), 404, "WAITLIST_ENTRY_NOT_FOUND")
    assert_error(user.get(f"/api/v1/waitlist/{uuid.uuid4()}/live"), 404, "WAITLIST_ENTRY_NOT_FOUND")
    expect(user.put("/api/v1/auth/change-password", {"current_password": user.password, "new_password": "another long one"}), 200)
    secrets.add("another long one")
    for live in (path, f"/api/v1/events/{event_id}/live"):
        assert_error(user.get(live), 401, "UNAUTHORIZED")


def test_stream_ends_with_its_token(watch, user, other_user, waited_for, sql):
    """H62: a token revoked meanwhile is told no place any more; one that has run out ends the stream."""
    event_id = waited_for(user)
    expect(other_user.post("/api/v1/waitlist", {"event_id": event_id}), 201)
    stream = watch({"event_id": event_id}, token=other_user.token, of="waitlist")
    sql("UPDATE evently.account SET token_version = token_version + 1 WHERE account_id = %s", other_user.user_id)
    expect(user.delete(f"/api/v1/waitlist/{event_id}"), 200)
    with pytest.raises(Closed):
        stream.next()
    short = tokens.make({**tokens.good_claims(user.user_id), "exp": int(time.time()) + 2})
    stream = watch({"event_id": event_id}, token=short)
    with pytest.raises(Closed):
        while True:
            stream.next()


def test_late_commit_is_told(watch, user, other_user, connect, seated_event):
    """A booking whose transaction began before others and ends after them is not lost (the highest id was told before)."""
    stream = watch(seated_event)
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT evently.hold_seats(%s, %s, '{A-1}')", [seated_event["event_id"], user.user_id]
        )
        other_user.hold(seated_event, seat_ids=["B-1"])
        stream.seats_until({"B-1": "held"})
        other_user.hold(seated_event, seat_ids=["B-2"])
        stream.seats_until({"B-2": "held"})
        connection.commit()
    assert stream.next_change(of_seats)["seats"] == {"A-1": "held"}


def test_other_events_are_not_told(watch, user, seated_event, event):
    stream, other = watch(seated_event), watch(event)
    user.book(event, quantity=1)
    assert other.next_change()["event_id"] == event["event_id"]
    user.hold(seated_event, seat_ids=["A-1"])
    assert stream.next()["data"]["event_id"] == seated_event["event_id"]


def test_changed_and_cancelled_event(watch, admin, seated_event):
    """What may change the seat map says so; watchers see the end of an event that is hidden from then on."""
    stream = watch(seated_event)
    expect(admin.put(f"/api/v1/admin/events/{seated_event['event_id']}", {"name": "Another name"}), 200)
    assert stream.next_change(lambda data: data["reload"])
    expect(admin.delete(f"/api/v1/admin/events/{seated_event['event_id']}"), 200)
    change = stream.next_change(lambda data: data["status"] != "published")
    assert (change["status"], change["sale_status"]) == ("cancelled", "cancelled")


@ways
def test_resume(serve, watch, way, user, seated_event):
    """Last-Event-ID: the changes since, of any earlier message; once they are not known any more, a new beginning."""
    server = serve(EVENTLY_WORKERS="1")
    with Events(server.url, seated_event["event_id"]) as stream:
        first = stream.begin().next()["id"]
        user.hold(seated_event, seat_ids=["A-1"])
        second = stream.next()
        assert second["data"]["seats"] == {"A-1": "held"}
        user.hold(seated_event, seat_ids=["A-2"])
        third = stream.next()
    user.hold(seated_event, seat_ids=["A-3"])
    for last_id, known in ((first, {"A-1", "A-2", "A-3"}), (second["id"], {"A-2", "A-3"}), (third["id"], {"A-3"})):
        seen = {}
        with way(server.url, seated_event["event_id"], last_id=last_id) as stream:
            stream.begin()
            while not known <= set(seen):
                message = stream.next()
                assert message["event"] == "change"
                seen.update(message["data"]["seats"])
        assert seen == dict.fromkeys(known, "held")
    for nonsense in ("1:1:@1", "nonsense", "'"):
        stream = watch(seated_event, way, server.url, last_id=nonsense)
        assert (stream.state["event"], stream.state["data"]["available_seats"]) == ("reset", 17)


def test_resume_at_another_worker(serve, watch, user, seated_event):
    """The id of one server says as much to another one that has watched for as long."""
    one, other = serve(EVENTLY_WORKERS="1"), serve(EVENTLY_WORKERS="1")
    keeper = watch(seated_event, at=other.url)
    stream = watch(seated_event, at=one.url)
    user.hold(seated_event, seat_ids=["A-1"])
    last_id = stream.next()["id"]
    user.hold(seated_event, seat_ids=["A-2"])
    keeper.seats_until({"A-1": "held", "A-2": "held"})
    resumed = Events(other.url, seated_event["event_id"], last_id=last_id)
    with resumed.begin() as stream:
        message = stream.next()
        assert (message["event"], "A-2" in message["data"]["seats"]) == ("change", True)


def test_refusals(anonymous, new_event, url):
    draft = new_event(status="draft")
    assert_error(anonymous.get(f"/api/v1/events/{draft['event_id']}/live"), 404, "EVENT_NOT_FOUND")
    assert anonymous.get("/api/v1/events/x/live").status == 400
    with WebSocket(url, draft["event_id"]) as stream:
        assert stream.begin().status == 404


def test_wrong_handshake(anonymous, event):
    path = f"/api/v1/events/{event['event_id']}/live"
    for headers in (
        {"Upgrade": "websocket", "Sec-WebSocket-Version": "13"},
        {"Upgrade": "websocket", "Sec-WebSocket-Key": "eA==", "Sec-WebSocket-Version": "8"},
    ):
        assert_error(anonymous.request("GET", path, headers=headers), 400, "VALIDATION_ERROR")


HANDSHAKE = {"Upgrade": "websocket", "Sec-WebSocket-Key": "eA==", "Sec-WebSocket-Version": "13"}


def handshake_bytes(event, **headers):
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return http_bytes("GET", f"/api/v1/events/{event['event_id']}/live", headers=lines)


def test_speaking_before_the_answer(serve, watch, user, event):
    """What follows a handshake in the same packet is no WebSocket's and no request's; it used to end the worker."""
    server = serve(EVENTLY_WORKERS="1")
    stream = watch(event, at=server.url)
    handshake = handshake_bytes(event, **HANDSHAKE)
    for more in (b"no request\n\n", handshake, WebSocket.frame_bytes(0x9, b"early")):
        with Wire(server.url) as wire:
            wire.send(handshake + more)
            assert_error(wire.answer(), 400, "VALIDATION_ERROR")
    user.hold(event, quantity=1)
    stream.next_change(lambda data: data["available_seats"] == event["available_seats"] - 1)


def test_handshake_by_head(anonymous, event):
    answer = anonymous.request("HEAD", f"/api/v1/events/{event['event_id']}/live", headers=HANDSHAKE)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")


@pytest.mark.parametrize("headers", [HANDSHAKE, {}], ids=["websocket", "events"])
def test_leaving_before_the_answer(serve, watch, user, event, headers):
    """A client that is gone when its stream begins is no watcher: nobody may look for it in memory that is free again."""
    server = serve(EVENTLY_WORKERS="1", EVENTLY_RATE_LIMIT="off")
    stream = watch(event, at=server.url)
    for _ in range(300):
        with Wire(server.url) as wire:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.send(handshake_bytes(event, **headers))
    wait_until(lambda: value(server.client, "evently_live_connections") == 1, "nobody else watches")
    user.hold(event, quantity=1)
    stream.next_change(lambda data: data["available_seats"] == event["available_seats"] - 1)


def test_limits(serve, event, other_user, user):
    """So many streams for one stranger's address, so many for one account, so many in all; who leaves makes room."""
    server = serve(EVENTLY_WORKERS="1", EVENTLY_LIVE_PER_CLIENT="2", EVENTLY_LIVE_CONNECTIONS="5")
    path = f"/api/v1/events/{event['event_id']}/live"

    def streams(count, **who):
        return [Events(server.url, event["event_id"], **who).begin() for _ in range(count)]

    strangers = streams(2)
    answer = server.client.get(path)
    assert_error(answer, 429, "RATE_LIMITED")
    assert int(answer.headers["Retry-After"]) > 0
    with WebSocket(server.url, event["event_id"]) as refused:
        assert refused.begin().status == 429
    first, second = streams(2, token=user.token), streams(1, token=other_user.token)
    assert [stream.status for stream in (*strangers, *first, *second)] == [200] * 5
    assert_error(server.as_user(user).get(path), 429, "RATE_LIMITED")
    answer = server.as_user(other_user).get(path)
    assert_error(answer, 503, "UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) > 0
    first.pop().close()
    wait_until(lambda: value(server.client, "evently_live_connections") == 4, "the server has noticed")
    assert streams(1, token=other_user.token)[0].status == 200


def test_limit_counts_who_is_on_his_way(serve, event):
    """Of many who come at the same time no more get in than one after the other."""
    server = serve(EVENTLY_WORKERS="1", EVENTLY_LIVE_PER_CLIENT="3")
    streams = [Events(server.url, event["event_id"]) for _ in range(40)]
    assert sorted(stream.begin().status for stream in streams) == [200] * 3 + [429] * 37


def test_unknown_events_leave_nothing(serve, anonymous):
    """Who asks for events that are not there does not fill the memory, nor is the database asked about them."""
    server = serve(EVENTLY_WORKERS="1")
    for _ in range(50):
        assert server.client.get(f"/api/v1/events/{uuid.uuid4()}/live").status == 404
    assert value(server.client, "evently_live_events") == 0
    assert value(server.client, "evently_live_polls_total") == 0


@pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="AddressSanitizer keeps for a while what is freed")
def test_pings_are_not_piled_up(serve, event):
    """Who sends pings and reads nothing gets no answer to each: what is kept for him is bounded."""
    server = serve(EVENTLY_WORKERS="1")

    def memory():
        return value(server.client, "process_resident_memory_bytes", process="worker-1")

    with WebSocket(server.url, event["event_id"], receive_buffer=4096) as stream:
        stream.begin()
        ping = stream.frame_bytes(WebSocket.PING, b"x" * 125) * 1000
        stream.socket.sendall(ping)
        before = memory()
        for _ in range(400):
            stream.socket.sendall(ping)
        assert memory() - before < 8 * 1024 * 1024


def test_head(url, event):
    """The headers of a stream, without the stream: the connection serves on."""
    with Wire(url).send(http_bytes("HEAD", f"/api/v1/events/{event['event_id']}/live")) as wire:
        answer = wire.answer(head=True)
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream")
        assert wire.send(http_bytes("GET", "/healthz")).answer().status == 200


def test_what_a_client_says(watch, user, seated_event):
    """A WebSocket's ping is answered and its close too; what comes behind a stream's request is not a request."""
    socket = watch(seated_event, WebSocket)
    socket.send_frame(WebSocket.PING, b"there?")
    assert socket.frame() == (WebSocket.PONG, b"there?")
    stream = watch(seated_event)
    stream.socket.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + b"x" * 100_000)
    user.hold(seated_event, seat_ids=["A-1"])
    stream.seats_until({"A-1": "held"})
    socket.send_frame(WebSocket.CLOSE)
    with pytest.raises(Closed):
        while True:
            socket.next()


BROKEN_FRAMES = {
    "unknown opcode": (bytes([0x83, 0x80, 0, 0, 0, 0]), 1002),
    "unknown control opcode": (bytes([0x8B, 0x80, 0, 0, 0, 0]), 1002),
    "continuation of nothing": (bytes([0x80, 0x80, 0, 0, 0, 0]), 1002),
    "no mask": (bytes([0x81, 0]), 1002),
    "reserved bits": (bytes([0xC1, 0x80, 0, 0, 0, 0]), 1002),
    "half a ping": (bytes([0x09, 0x80, 0, 0, 0, 0]), 1002),
    "too large": (bytes([0x81, 0xFE, 0xFF, 0xFF, 0, 0, 0, 0]) + bytes(200), 1009),
}


@pytest.mark.parametrize("kind", BROKEN_FRAMES)
def test_frames_that_are_none(serve, watch, event, kind):
    """Closed, and told why; nothing in the log that would wake anybody up."""
    frame, code = BROKEN_FRAMES[kind]
    server = serve()
    socket = watch(event, WebSocket, at=server.url)
    socket.socket.sendall(frame)
    assert socket.frame() == (WebSocket.CLOSE, struct.pack("!H", code))
    assert socket.is_closed()
    expect(server.client.get("/healthz"), 200)
    lines = [json.loads(line) for line in server.log().splitlines()]
    assert [line for line in lines if line["level"] != "info"] == []


def polls_and_calls(server):
    """What live updates have asked, and all that the web app has: its users are served elsewhere."""
    return value(server.client, "evently_live_polls_total"), value(server.client, "evently_db_calls_total")


def test_thousand_watchers(serve, user, seated_event):
    """All of them are told, and the database is asked no more often than for one: once per interval."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    server = serve(EVENTLY_WORKERS="1", EVENTLY_LIVE_INTERVAL="100ms", EVENTLY_LIVE_PER_CLIENT="1000")
    ways_taken = [Events] * 800 + [WebSocket] * 200
    streams = [way(server.url, seated_event["event_id"]) for way in ways_taken]
    for stream in streams:
        assert stream.begin().next()["event"] == "state"
    assert value(server.client, "evently_live_connections") == 1000

    asked = polls_and_calls(server)
    began = time.monotonic()
    for number in range(1, 6):
        user.hold(seated_event, seat_ids=[f"A-{number}"])
        for stream in streams:
            stream.seats_until({f"A-{number}": "held"})
    polls, calls = (after - before for after, before in zip(polls_and_calls(server), asked, strict=True))
    assert 1 <= polls <= (time.monotonic() - began) / 0.1 + 1
    assert calls <= polls + 1  # the last one under way
    assert value(server.client, "evently_live_messages_total") >= 6000
    for stream in streams:
        stream.close()
    wait_until(lambda: value(server.client, "evently_live_connections") == 0, "nobody watches any more")


def test_slow_reader_is_dropped(serve, sql, new_seated_event):
    """Who does not read loses his stream, and nobody else's: what is kept for him is bounded."""
    event = new_seated_event(rows=50, seats_per_row=100)
    server = serve(EVENTLY_WORKERS="1", EVENTLY_LIVE_INTERVAL="20ms")
    with Events(server.url, event["event_id"], receive_buffer=4096) as slow, Events(server.url, event["event_id"]) as fast:
        fast.begin()
        fast.next()

        def dropped():
            held = sql("SELECT hold_id FROM evently.block_seats(%s, 'test', quantity => 5000)", event["event_id"])[0][0]
            fast.next_change(lambda data: data["available_seats"] == 0)
            sql("SELECT FROM evently.unblock_seats(%s, %s)", event["event_id"], held)
            fast.next_change(lambda data: data["available_seats"] == 5000)
            return value(server.client, "evently_live_dropped_total") == 1

        wait_until(dropped, "the slow reader is dropped")
        assert value(server.client, "evently_live_connections") == 1
        assert slow.is_closed()


@ways
def test_stop_closes_streams(serve, watch, way, event):
    """SIGTERM does not wait for those who would watch for ever."""
    server = serve()
    stream = watch(event, way, server.url)
    server.process.terminate()
    with pytest.raises(Closed):
        stream.next()
    assert server.process.wait(30) == 0


def test_database_away(instance):
    """Streams outlive the database: what happens afterwards is told."""
    admin = bootstrap_admin(instance)
    event = expect(
        admin.post("/api/v1/admin/events", {"name": "Live", "start_datetime": "2099-01-01T20:00:00Z", "total_capacity": 9}), 201
    )
    with Events(instance.url, event["event_id"]) as stream:
        assert stream.begin().next()["event"] == "state"
        instance.stop_database()
        instance.start_database()
        wait_until(instance.is_ready, "the web app has its database again")
        admin.book(event, quantity=2)
        assert stream.next_change(lambda data: data["available_seats"] == 7)


def bootstrap_admin(instance):
    body = {"email": "live@example.com", "password": "correct horse battery staple", "name": "Live"}
    with instance.connect() as connection, connection.cursor() as cursor:
        session = expect(instance.client.post("/api/v1/auth/register", body), 201)
        cursor.execute("SELECT evently.set_role('live@example.com', 'admin')")
    session = expect(instance.client.post("/api/v1/auth/login", body), 200)
    return Client(instance.url).signed_in_as(session)
