"""/metrics as Prometheus reads it, and the Grafana dashboard that draws it (S4-GW-2, S3-GW-6, S3-ANA-5)."""

import json
import os
import pathlib
import re
import signal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from client import Client, Wire, assert_error, expect, http_bytes
from instance import children_of, wait_until
from server import run_with

DASHBOARD = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "grafana" / "evently.json"


def families(client):
    answer = client.get("/metrics")
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {family.name: family for family in text_string_to_metric_families(answer.body.decode())}


def value(client, name, **labels):
    """The sum of the samples with these labels."""
    samples = [sample for family in families(client).values() for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def test_conventions(serve, event, user):
    """S4-GW-2: names, types, units and help as Prometheus wants them; every counter of a kind is there from the start."""
    server = serve()
    server.as_user(user).get("/api/v1/auth/me")
    found = families(server.client)
    for name, family in found.items():
        assert family.documentation.endswith((".", "1.")), name
        assert re.fullmatch(r"(evently|process)_[a-z_]+", name)
        assert family.type in ("counter", "gauge", "histogram"), name
        for sample in family.samples:
            assert family.type != "counter" or sample.name.endswith("_total"), sample
    for name in ("evently_http_request_duration_seconds", "evently_db_call_duration_seconds"):
        for labels in {tuple(sorted((k, v) for k, v in s.labels.items() if k != "le")) for s in found[name].samples}:
            mine = [s for s in found[name].samples if set(labels) <= set(s.labels.items())]
            counts = [s.value for s in mine if s.name.endswith("_bucket")]
            (total,) = [s.value for s in mine if s.name.endswith("_count")]
            assert counts == sorted(counts) and counts[-1] == total
    codes = {sample.labels["code"] for sample in found["evently_errors"].samples}
    assert {"SEATS_UNAVAILABLE", "INSUFFICIENT_SEATS", "HOLD_EXPIRED", "RATE_LIMITED", "UNAVAILABLE"} <= codes


def test_what_happens_is_counted(serve, user, event):
    """S3-GW-6, S3-GW-4: holds, bookings, cancellations, refusals by code, requests by route and status, over all workers."""
    server = serve(EVENTLY_RATE_LIMIT_BOOKING="6/1m")
    buyer = server.as_user(user)
    path = f"/api/v1/events/{event['event_id']}/book"
    buyer.confirm(buyer.hold(event, quantity=2))
    released = buyer.hold(event, quantity=1)
    expect(buyer.delete(f"/api/v1/seats/hold/{released['hold_id']}"), 200)
    booking = expect(buyer.post(path, {"quantity": 1}, idempotency_key="metrics"), 201)
    expect(buyer.post(path, {"quantity": 1}, idempotency_key="metrics"), 201)
    expect(buyer.delete(f"/api/v1/bookings/{booking['booking_id']}"), 200)
    assert_error(buyer.post(path, {"quantity": 100_000}), 409, "LIMIT_EXCEEDED")
    assert_error(buyer.post(path, {"quantity": 1}), 429, "RATE_LIMITED")
    assert_error(server.client.get("/nowhere"), 404, "ROUTE_NOT_FOUND")
    with Wire(server.url).send(b"GET / HTTP/3.7\r\nHost: x\r\n\r\n") as wire:
        assert wire.answer().status == 505

    expected = {
        ("evently_holds_total",): 2,
        ("evently_holds_released_total",): 1,
        ("evently_bookings_total",): 2,
        ("evently_idempotent_replays_total",): 1,
        ("evently_cancellations_total",): 1,
        ("evently_errors_total", ("code", "LIMIT_EXCEEDED")): 1,
        ("evently_errors_total", ("code", "RATE_LIMITED")): 1,
        ("evently_rate_limited_total", ("class", "booking")): 1,
        ("evently_http_requests_total", ("route", "/api/v1/events/{id}/book"), ("status", "201")): 2,
        ("evently_http_requests_total", ("route", "/api/v1/events/{id}/book"), ("status", "429")): 1,
        ("evently_http_requests_total", ("route", "-"), ("status", "404")): 1,
        ("evently_http_requests_total", ("route", "-"), ("status", "505")): 1,
        ("evently_http_request_duration_seconds_count", ("route", "/api/v1/events/{id}/book")): 4,
        ("evently_db_calls_total", ("lane", "write"), ("outcome", "rows")): 7,
        ("evently_db_calls_total", ("lane", "write"), ("outcome", "refused")): 1,
    }
    counted = {key: value(server.client, key[0], **dict(key[1:])) for key in expected}
    assert counted == expected


def test_levels(serve):
    """Connections and processes as they are."""
    server = serve()
    wires = [Wire(server.url).send(http_bytes("GET", "/healthz")) for _ in range(5)]
    for wire in wires:
        wire.answer()
    wait_until(lambda: value(server.client, "evently_http_connections") >= 6, "the open connections are counted")
    for wire in wires:
        wire.socket.close()
    wait_until(lambda: value(server.client, "evently_http_connections") <= 2, "the closed ones are not")
    wait_until(lambda: value(server.client, "evently_db_connections", lane="write") == 2, "one for each worker")
    memory = families(server.client)["process_resident_memory_bytes"].samples
    assert {sample.labels["process"] for sample in memory} == {"parent", "worker-1", "worker-2"}
    assert all(1e6 < sample.value < 1e9 for sample in memory)


def test_counters_never_go_back(serve):
    """A worker that is started anew goes on where its predecessor ended."""
    server = serve()
    for _ in range(10):
        server.client.get("/healthz")
    old = children_of(server.process.pid)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(children_of(server.process.pid) - old) == len(old), "new workers")

    def counted():
        try:
            return value(server.client, "evently_http_requests_total", route="/healthz")
        except ConnectionError:
            return None

    assert wait_until(counted, "an answer") == 10


def test_token(serve):
    """EVENTLY_METRICS_TOKEN: for those who would not have their sales read by everybody."""
    server = serve(EVENTLY_METRICS_TOKEN="scrape-me")
    assert_error(server.client.get("/metrics"), 401, "UNAUTHORIZED")
    assert_error(server.client.with_token("scrape-mf").get("/metrics"), 401, "UNAUTHORIZED")
    assert Client(server.url, "scrape-me").get("/metrics").status == 200
    assert "scrape-me" not in run_with({"EVENTLY_METRICS_TOKEN": "scrape-me"}, "--config")[1]


def expressions():
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", [])]


@pytest.mark.parametrize("title, expression", expressions())
def test_dashboard_draws_what_there_is(anonymous, title, expression):
    """Every metric and label that the dashboard names is one of /metrics."""
    found = families(anonymous)
    names = set(re.findall(r"\b(?:evently|process)_[a-z_]+", expression))
    samples = {sample.name: sample for family in found.values() for sample in family.samples}
    assert names and names <= set(samples), title
    labels = {label.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(",")}
    assert labels <= {label for name in names for label in samples[name].labels}, title
