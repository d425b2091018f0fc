"""What a new installation decides: its ports, and who becomes the first administrator. On an instance of its own."""

import contextlib
import subprocess

import pytest

import tokens
from client import Client, assert_error, expect, in_parallel, unique
from conftest import PASSWORD
from instance import LOCAL, wait_until


@pytest.fixture
def without_admins(instance):
    """Nobody is an administrator, as after a new installation without demo data; taken back afterwards."""

    def execute(statement, values):
        with contextlib.closing(instance.connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    wait_until(instance.is_ready, "the instance is ready")
    were = execute("UPDATE evently.account SET role = 'user' WHERE role = 'admin' RETURNING account_id", ())
    yield
    execute(
        "UPDATE evently.account SET role = 'admin' WHERE account_id = ANY (%s::uuid[]) RETURNING 1", ([row[0] for row in were],)
    )


def registration():
    return {"email": f"{unique('admin')}@example.com", "password": PASSWORD, "name": "First Admin"}


def test_first_admin(instance, without_admins):
    """api.md, becoming an admin; S2-AUTHA-1: no token needed while no administrator exists."""
    made = expect(instance.client.post("/api/v1/auth/admin/register", registration()), 201)
    assert made["role"] == "admin"
    assert tokens.claims_of(made["access_token"])["role"] == "admin"
    expect(instance.client.signed_in_as(made).get("/api/v1/admin/events"), 200)
    assert_error(instance.client.post("/api/v1/auth/admin/register", registration()), 403, "FORBIDDEN")


def test_parallel_bootstraps(instance, without_admins):
    """Of 10 at once exactly one becomes the first."""
    answers = in_parallel([lambda: instance.client.post("/api/v1/auth/admin/register", registration())] * 10)
    assert sorted(answer.status for answer in answers) == [201] + [403] * 9


def test_extra_ports(instance):
    """S1-OPS-8, S1-OPS-9, S3-OPS-1, S4-OPS-6, EVENTLY_EXTRA_PORTS: the same server on more ports."""
    wait_until(instance.is_ready, "the instance is ready")
    expect(Client(f"http://127.0.0.1:{instance.extra_port}").get("/healthz"), 200)


@pytest.mark.parametrize(
    "given",
    [
        {"EVENTLY_TRUSTED_PROXIES": "foo"},
        {"EVENTLY_BIND": "nonsense.invalid"},
        {"EVENTLY_TLS_CERT": "/nope"},
        {"EVENTLY_ENV": "prod"},
        {"EVENTLY_ENV": "production"},
    ],
    ids=str,
)
def test_unusable_setting_leaves_the_server_alone(instance, given):
    """Started anew with a setting that cannot be used: refused, and the one that runs goes on."""
    wait_until(instance.is_ready, "the instance is ready")
    before = instance.shim_pid
    done = subprocess.run(
        [LOCAL / "shim", "start"], env={**instance.environment, **given}, capture_output=True, text=True
    )
    assert done.returncode == 1 and "evently: " in done.stderr, done
    assert instance.shim_pid == before
    expect(instance.client.get("/healthz"), 200)
