"""Settings: one table, under the names of the seeds too, printed without secrets (OPS rows of the checklist)."""

import os
import pathlib
import re

import pytest

import tokens
from instance import free_port
from server import database_url, run_with

README = (pathlib.Path(__file__).resolve().parents[2] / "README.md").read_text()


def shown(settings):
    """What --config says of settings that will do: name -> (value, origin)."""
    code, said = run_with({"EVENTLY_JWT_SECRET": tokens.secret().decode(), **settings}, "--config")
    assert code == 0, said
    return {name: (value, origin) for name, value, origin in re.findall(r"^(EVENTLY_\w+) +(\S+(?: \S+)*?) {2,}(\S.*)$", said, re.M)}


def test_readme_has_the_table():
    code, table = run_with({}, "--settings")
    assert code == 0 and table in README
    names = set(re.findall(r"^\| `(EVENTLY_\w+)`", table, re.M))
    assert names == set(re.findall(r"^EVENTLY_\w+", run_with({}, "--config")[1], re.M))


@pytest.mark.parametrize(
    "seed, given, name, value",
    [
        ("S3-OPS-1", {"PORT": "9000"}, "EVENTLY_PORT", "9000"),
        ("S1-OPS-13", {"JWT_ACCESS_TOKEN_DURATION": "15m"}, "EVENTLY_JWT_ACCESS_TOKEN_DURATION", "15m"),
        ("S3-OPS-6", {"JWT_EXPIRY": "24h"}, "EVENTLY_JWT_ACCESS_TOKEN_DURATION", "24h"),
        ("S4-OPS-2", {"ACCESS_TOKEN_EXPIRE_MINUTES": "120"}, "EVENTLY_JWT_ACCESS_TOKEN_DURATION", "120m"),
        ("S5-OPS-1", {"JWT_EXPIRATION_MINUTES": "60"}, "EVENTLY_JWT_ACCESS_TOKEN_DURATION", "60m"),
        ("S5-OPS-1", {"JWT_ALGORITHM": "HS256"}, "EVENTLY_JWT_ALGORITHM", "HS256"),
        ("S1-OPS-14", {"JWT_REFRESH_TOKEN_DURATION": "168h"}, "EVENTLY_JWT_REFRESH_TOKEN_DURATION", "168h"),
        ("S1-OPS-16", {"LOG_LEVEL": "info"}, "EVENTLY_LOG_LEVEL", "info"),
        ("S1-OPS-17", {"ENVIRONMENT": "development"}, "EVENTLY_ENV", "development"),
    ],
)
def test_names_of_the_seeds(seed, given, name, value):
    found, origin = shown(given)[name]
    assert found == value and next(iter(given)) in origin
    assert shown({**given, name: value})[name][1] == f"environment, {name}", "our own name wins"


@pytest.mark.parametrize(
    "name, development, production",
    [
        ("EVENTLY_PASSWORD_MIN", "4", "8"),
        ("EVENTLY_ADMIN_REGISTRATION", "bootstrap", "closed"),
        ("EVENTLY_MOCK_PAYMENTS", "on", "off"),
    ],
)
def test_production_is_strict(name, development, production):
    assert shown({"EVENTLY_ENV": "development"})[name][0] == development
    assert shown({"EVENTLY_ENV": "production"})[name][0] == production


@pytest.mark.parametrize(
    "given",
    [
        {"JWT_SECRET": "very secret indeed"},
        {"JWT_SECRET_KEY": "very secret indeed"},
        {"INTERNAL_API_KEY": "very secret indeed"},
        {"DATABASE_URL": "postgresql+psycopg2://postgres:very secret indeed@db:5432/evently"},
        {"DB_HOST": "db", "DB_PASSWORD": "very secret indeed"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_secrets_are_hidden(given):
    """S1-OPS-12, S1-OPS-15, S3-OPS-3, S3-OPS-5: taken under their names, and not shown."""
    said = run_with(given, "--config")[1]
    assert "very secret" not in said
    assert re.search(rf"\(hidden\) +environment, {next(iter(given))}", said)


def test_database_of_the_seeds(serve):
    """S3-OPS-3: DB_HOST and others; S4-OPS-3: a URL with a driver's name in it."""
    parts = {
        "DB_HOST": os.environ["PGHOST"],
        "DB_PORT": os.environ["PGPORT"],
        "DB_NAME": os.environ["PGDATABASE"],
        "DB_USER": "evently_shim",
        "DB_PASSWORD": "it's \\ not asked for",
    }
    with_driver = {"DATABASE_URL": database_url().replace("postgresql:", "postgresql+psycopg2:")}
    for given in (parts, with_driver):
        assert serve(EVENTLY_DATABASE_URL="", **given).client.get("/health/ready").status == 200


@pytest.mark.parametrize(
    "name, value",
    [
        ("EVENTLY_PORT", "http"),
        ("EVENTLY_PORT", "70000"),
        ("EVENTLY_WORKERS", "0"),
        ("EVENTLY_LOG_LEVEL", "loud"),
        ("EVENTLY_STATEMENT_TIMEOUT", "soon"),
        ("EVENTLY_ADMIN_REGISTRATION", "maybe"),
        ("EVENTLY_JWT_ALGORITHM", "none"),
    ],
)
def test_unusable_values_are_named(name, value):
    code, said = run_with({name: value}, "--config")
    assert code == 1 and name in said and "environment" in said


@pytest.mark.parametrize(
    "given",
    [
        {"EVENTLY_TRUSTED_PROXIES": "foo"},
        {"EVENTLY_BIND": "nonsense.invalid"},
        {"EVENTLY_BIND": "192.0.2.1"},
        {"EVENTLY_EXTRA_PORTS": "9000,http"},
        {"EVENTLY_EXTRA_PORTS": "9000,9000"},
        {"EVENTLY_TLS_CERT": "/nope"},
        {"EVENTLY_TLS_CERT": "/nope", "EVENTLY_TLS_KEY": "/nope"},
        {"EVENTLY_DATABASE_URL": "nonsense"},
        {"EVENTLY_JWT_SECRET": ""},
        {"EVENTLY_JWT_SECRET": "a" * 40},
        {"EVENTLY_INTERNAL_API_KEY": "short"},
    ],
    ids=str,
)
def test_what_would_stop_the_start_is_told(given):
    """--config shows all settings even so, and ends as the start would."""
    settings = {"EVENTLY_PORT": str(free_port()), "EVENTLY_JWT_SECRET": tokens.secret().decode(), **given}
    for arguments in (), ("--config",):
        code, said = run_with(settings, *arguments)
        assert code == 1 and next(iter(given)) in said.split("evently: ")[-1], said
    assert re.search(r"^EVENTLY_LOG_LEVEL ", said, re.M)


def test_looking_at_settings_makes_nothing(tmp_path):
    """The secrets of development are made when it starts."""
    code, said = run_with({"EVENTLY_ENV": "development", "EVENTLY_HOME": str(tmp_path / "home")}, "--config")
    assert code == 0 and "made once" in said
    assert not (tmp_path / "home").exists()
