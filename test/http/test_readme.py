"""README.md, as a newcomer types it: every block of shell and SQL runs and shows what it promises."""

import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language):
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", README, re.S))


def test_curl_blocks():
    """S3-OPS-20, S3's flow: register, login, list, seats, hold, confirm, booking, cancel, seats free again."""
    script = blocks("sh").replace("http://127.0.0.1:8080", os.environ["EVENTLY_URL"])
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answers = done.stdout
    assert '"status": "confirmed"' in answers
    assert '"status": "completed"' in answers
    free = re.findall(r'^\[\{"seat_id":.*\]$', answers, re.M)
    assert len(free) == 1 and free[0].count('"status":"available"') == 2
    first, retried = re.findall(r'^"[0-9a-f-]{36}"$', answers, re.M)
    assert first == retried


def test_sql_block():
    """A booking and the caller's own row commit together; a cancellation keeps its fee and serves who waits."""
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], input=blocks("sql"), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split("|")[1] == "Jazz at the Riverside"
    assert lines[1].endswith("|by invoice")
    assert lines[2:5] == ["percentage|10", "active|1", "8.00|72.00"]
    assert lines[5].startswith("notified|")
    assert lines[6:] == ["0|8.00"], "verify() names problems"
