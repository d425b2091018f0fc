"""A Redis of the bench's own, without durability, on a socket in its directory."""

import subprocess
import time

from harness import load

TTL_MS = 600_000
FIRST_GUESS = 20_000
START_S = 10


class Redis:
    def __init__(self, directory, script):
        self.socket = directory / "redis.sock"
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
            cwd=directory,
        )
        deadline = time.monotonic() + START_S
        while not self.socket.exists():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise load.LoadFailed("redis-server does not start")
            time.sleep(0.02)
        self.script = self.command("SCRIPT", "LOAD", script.read_text())
        self.rate = FIRST_GUESS

    def command(self, *words):
        done = subprocess.run(["redis-cli", "-s", str(self.socket), *words], capture_output=True, text=True, check=True, timeout=START_S)
        return done.stdout.strip()

    def holds(self, clients, seconds, pipeline):
        """Holds of two seats a second, of so many seats that one is hardly asked for twice. redis-benchmark counts calls, not
        seconds: how many, the run before tells."""
        self.command("FLUSHALL")
        calls = max(clients * pipeline, int(self.rate * seconds))
        self.rate = load.redis(
            self.socket, clients, calls, pipeline, "EVALSHA", self.script, "2", "seat:__rand_int__", "seat:__rand_int__", "buyer", str(TTL_MS)
        )
        return self.rate

    def stop(self):
        self.process.terminate()
        self.process.wait(START_S)
