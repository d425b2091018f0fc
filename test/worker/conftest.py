"""Fixtures: the cluster, and a shop in it: a database with the extension."""

import pytest

from cluster import Cluster


@pytest.fixture(scope="session")
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.remove()


def make_shop(cluster, name):
    cluster.sql("postgres", f'CREATE DATABASE "{name}"')
    cluster.sql(name, "CREATE EXTENSION evently CASCADE")
    return name


@pytest.fixture(scope="session")
def shop(cluster):
    """A database named in evently.worker_databases, made after the server was started."""
    return make_shop(cluster, "shop")


@pytest.fixture(scope="session")
def stall(cluster):
    """One that is not."""
    return make_shop(cluster, "stall")


@pytest.fixture(autouse=True)
def sound_afterwards(cluster, shop):
    yield
    assert cluster.sql(shop, "SELECT * FROM evently.verify()") == []


@pytest.fixture
def new_event(cluster, shop):
    def make(total_capacity=100):
        return cluster.value(
            shop,
            "SELECT event_id::text FROM evently.create_event('Show', now() + interval '30 days', base_price => 10, total_capacity => %s)",
            total_capacity,
        )

    return make
