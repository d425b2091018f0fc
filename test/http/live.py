"""Watchers of an event, by Server-Sent Events and by WebSocket, over bare sockets."""

import base64
import json
import os
import socket
import struct
import time
from urllib.parse import urlsplit

from client import PATIENCE_S


class Closed(Exception):
    """The server ended the stream."""


class Stream:
    """A connection whose request has been sent; `status` and `headers` of the answer."""

    def __init__(self, url, path, headers, receive_buffer=None):
        parts = urlsplit(url)
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_S)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((parts.hostname, parts.port))
        lines = [f"GET {path} HTTP/1.1", "Host: test", *(f"{name}: {value}" for name, value in headers.items())]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed
        self.buffer += data

    def _until(self, mark):
        while mark not in self.buffer:
            self._more()
        found, self.buffer = self.buffer.split(mark, 1)
        return found

    def _exactly(self, length):
        while len(self.buffer) < length:
            self._more()
        found, self.buffer = self.buffer[:length], self.buffer[length:]
        return found

    def begin(self):
        start, *lines = self._until(b"\r\n\r\n").decode().split("\r\n")
        self.status = int(start.split()[1])
        self.headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        return self

    def _read(self):
        """What comes next: a message, or None for anything else."""
        raise NotImplementedError

    def next(self):
        """The next message, {"event", "id", "data"}. Fails when there is none in a generous time: heartbeats are none."""
        deadline = time.monotonic() + PATIENCE_S
        while (message := self._read()) is None:
            assert time.monotonic() < deadline, "nothing but heartbeats"
        return message

    def next_of(self, event, condition=lambda data: True):
        """The next message of that kind that is of interest."""
        while True:
            message = self.next()
            if message["event"] == event and condition(message["data"]):
                return message["data"]

    def next_change(self, condition=lambda data: True):
        return self.next_of("change", condition)

    def next_place(self, condition=lambda data: True):
        return self.next_of("waitlist", condition)

    def seats_until(self, wanted):
        """Reads until these seats are told to be so."""
        known = {}
        while not wanted.items() <= known.items():
            known.update(self.next_change()["seats"])

    def is_closed(self):
        try:
            while True:
                self.buffer = b""
                self._more()
        except Closed:
            return True


def with_token(headers, token):
    return {**headers, "Authorization": f"Bearer {token}"} if token else headers


class Events(Stream):
    def __init__(self, url, event_id, last_id=None, token=None, of="events", **options):
        headers = {"Accept": "text/event-stream"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        super().__init__(url, f"/api/v1/{of}/{event_id}/live", with_token(headers, token), **options)

    def _read(self):
        lines = self._until(b"\n\n").decode().split("\n")
        message = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
        return {**message, "data": json.loads(message["data"])} if "data" in message else None

    def arrived(self):
        """The messages that are there once something has arrived, which may be none: a heartbeat, half a message."""
        self._more()
        read = [self._read() for _ in range(self.buffer.count(b"\n\n"))]
        return [message for message in read if message]


class WebSocket(Stream):
    TEXT, CLOSE, PING, PONG = 1, 8, 9, 10

    def __init__(self, url, event_id, last_id=None, token=None, of="events", **options):
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        }
        path = f"/api/v1/{of}/{event_id}/live" + (f"?last_event_id={last_id}" if last_id else "")
        super().__init__(url, path, with_token(headers, token), **options)

    def frame(self):
        first, length = self._exactly(2)
        if length == 126:
            (length,) = struct.unpack("!H", self._exactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._exactly(8))
        return first & 15, self._exactly(length)

    @staticmethod
    def frame_bytes(opcode, data=b""):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
        return bytes([128 | opcode, 128 | len(data)]) + mask + masked

    def send_frame(self, opcode, data=b""):
        self.socket.sendall(self.frame_bytes(opcode, data))

    def _read(self):
        opcode, data = self.frame()
        if opcode == self.CLOSE:
            raise Closed
        return json.loads(data) if opcode == self.TEXT else None
