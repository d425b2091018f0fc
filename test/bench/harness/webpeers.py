"""What a web server does without a database behind it: a bare Kore handler that answers files, and nginx with `return 200`."""

import os
import socket
import subprocess
import time
import urllib.request

from harness import load

START_S = 10
BUILD = "build/bench"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A program that listens on self.port; started when made."""

    def __init__(self, command, environment, log):
        self.url = f"http://127.0.0.1:{self.port}"
        with log.open("w") as output:
            self.process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output)
        deadline = time.monotonic() + START_S
        while not self.answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise load.LoadFailed(f"{command[0]} does not start: {log.read_text()}")
            time.sleep(0.02)

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=START_S).close()
        except ConnectionError:
            return False
        return True

    def stop(self):
        self.process.terminate()
        self.process.wait(START_S)


class Kore(Server):
    """As many workers as the web app has. bodies: URLs whose answers it gives too, by name."""

    def __init__(self, directory, bodies):
        subprocess.run(["make", "-s", "-C", "test/bench/peers/kore"], check=True, stdout=subprocess.DEVNULL)
        self.port = free_port()
        files = directory / "bodies"
        files.mkdir()
        for name, url in bodies.items():
            with urllib.request.urlopen(url) as answer:
                (files / name).write_bytes(answer.read())
        conf = directory / "kore.conf"
        conf.write_text(f"load {os.path.abspath(BUILD)}/kore-peer.so\nroot /\npidfile {directory}/kore.pid\n")
        environment = {"PEER_BODIES": str(files), "PEER_PORT": str(self.port), "PEER_WORKERS": str(os.cpu_count())}
        super().__init__(["kore", "-c", str(conf), "-f", "-n", "-r"], environment, directory / "kore.log")


class Nginx(Server):
    def __init__(self, directory, template):
        self.port = free_port()
        conf = directory / "nginx.conf"
        text = template.read_text()
        for name, value in {"WORKERS": os.cpu_count(), "DIR": directory, "PORT": self.port}.items():
            text = text.replace(f"@{name}@", str(value))
        conf.write_text(text)
        super().__init__(["/usr/sbin/nginx", "-c", str(conf)], {}, directory / "nginx.log")
