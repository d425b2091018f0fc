"""Public reads by REST, beside a bare Kore handler that answers the same bytes from memory."""

from functools import cached_property
from pathlib import Path

from harness import load
from harness.experiment import Experiment, Figure, Side
from harness.webpeers import Kore, Nginx

PEERS = Path(__file__).resolve().parents[1] / "peers"
EVENTS = Path(__file__).parent / "events.sql"
LIST = "/api/v1/events"
FILTERS = "?city=City%207&type=type3&sort=start_datetime&limit=20"
CONNECTIONS = 256
THEATRE = """
    SELECT event_id FROM evently.create_venue(name => 'Bench theatre', address => '2 Long Road', city => 'Benchville', country => 'US',
        capacity => 5000, sections => '[{"name": "Stalls", "kind": "reserved", "rows": 50, "seats_per_row": 50},
            {"name": "Balcony", "kind": "reserved", "rows": 50, "seats_per_row": 50}]') v,
        evently.create_event('Play', now() + interval '30 days', venue_id => v.venue_id, base_price => 50)"""


class Reads:
    """What is read, and the web servers beside it; made when the first experiment is measured."""

    def __init__(self, bench):
        self.bench = bench

    @cached_property
    def urls(self):
        database, url = self.bench.database, self.bench.url
        theatre = f"{url}/api/v1/events/{database.value(THEATRE)}/seats"
        return {
            "availability": f"{url}/api/v1/events/{database.new_event()}/availability",
            "list": self.bench.list_url,
            "map": theatre,
            "compact": f"{theatre}?format=compact",
        }

    @cached_property
    def kore(self):
        server = Kore(self.bench.work, self.urls)
        self.bench.stop_at_end(server)
        return server

    @cached_property
    def nginx(self):
        server = Nginx(self.bench.work, PEERS / "nginx.conf.template")
        self.bench.stop_at_end(server)
        return server

    def ours(self, name):
        return lambda clients, seconds: load.http_served(self.urls[name], clients, seconds).per_second

    def bare(self, name):
        return lambda clients, seconds: load.http_served(f"{self.kore.url}/{name}", clients, seconds).per_second

    def lists(self, clients, seconds):
        return load.http_served(self.urls["list"], clients, seconds, "list", LIST).per_second

    def plain(self, clients, seconds):
        return load.http_served(self.nginx.url, clients, seconds).per_second


def experiments(bench):
    reads = Reads(bench)
    yield Experiment(
        "rest_availability",
        "What is left of an event, by REST",
        "answers a second",
        (
            Side("ours", "GET events/{id}/availability", reads.ours("availability")),
            Side("bare", "bare Kore handler, same bytes", reads.bare("availability")),
            Side("nginx", "nginx, return 200", reads.plain),
        ),
        (
            Figure("rest_availability", "REST availability, 256 connections, against a bare Kore handler", ">= 0.7", "ours", "bare", CONNECTIONS),
            Figure("rest_availability_nginx", "the same against nginx, `return 200`", "", "ours", "nginx", CONNECTIONS),
        ),
        "reads-by-rest",
    )
    yield Experiment(
        "rest_list",
        "Lists of 20 events with filters, by REST",
        "answers a second",
        (
            Side("ours", "GET events, one set of filters", reads.ours("list")),
            Side("many", "GET events, 1,400 sets of filters", reads.lists),
            Side("bare", "bare Kore handler, same bytes", reads.bare("list")),
        ),
        (
            Figure("rest_list", "REST list of 20 events with filters, 256 connections, against a bare Kore handler: one set of filters", ">= 0.4", "ours", "bare", CONNECTIONS),
            Figure("rest_list_many", "the same with many different sets of filters", ">= 0.15", "many", "bare", CONNECTIONS),
        ),
        "reads-by-rest",
    )
    yield Experiment(
        "rest_map",
        "Seat maps of 5,000 seats, by REST",
        "answers a second",
        (
            Side("ours", "GET events/{id}/seats", reads.ours("map")),
            Side("bare", "bare Kore handler, same bytes", reads.bare("map")),
            Side("compact", "the same, compact form", reads.ours("compact")),
            Side("compact_bare", "bare Kore handler, same bytes as the compact form", reads.bare("compact")),
        ),
        (
            Figure("rest_map", "REST seat map of 5,000 seats, 256 connections, against a bare Kore handler sending the same bytes: full form", ">= 0.3", "ours", "bare", CONNECTIONS),
            Figure("rest_map_compact", "the same in compact form", ">= 0.5", "compact", "compact_bare", CONNECTIONS),
        ),
        "reads-by-rest",
    )
