"""Two seats by chance of 50,000: held and confirmed, and held alone beside Redis."""

from math import ceil

from harness import load
from harness.experiment import ALONE, BEST, Experiment, Figure, Side

SET = 50


def in_sets(bench, script):
    """Holds a second, until a house is sold in sets."""

    def measure(clients, seconds):
        house = bench.database.new_house()
        return SET * load.pgbench_count(script, clients, bench.pace.pairs // SET, event=house, size=SET, n=0)

    return measure


def singly(script, make):
    """With a house for each second: more than is sold."""

    def measure(clients, seconds):
        def houses():
            return "{" + ",".join(make() for _ in range(ceil(seconds))) + "}"

        return load.pgbench(script, clients, seconds, houses=houses, n=0)

    return measure


def experiments(bench):
    new_house = bench.database.new_house

    def redis(pipeline):
        return lambda clients, seconds: bench.redis.holds(clients, seconds, pipeline)

    naive = Side("naive", "PL/pgSQL FOR UPDATE", singly("seats_naive", bench.new_peer_house))
    yield Experiment(
        "seats",
        "Hold and confirm 2 random seats of 50,000",
        "pairs of calls a second",
        (
            Side("seats", "hold_seats() + confirm_hold()", singly("seats", new_house)),
            Side("many", "hold_many() + confirm_many(), sets of 50", in_sets(bench, "seats_many")),
            naive,
        ),
        (
            Figure("seats_naive", "hold + confirm of 2 random seats of 50,000, 64 clients, single calls, against PL/pgSQL `FOR UPDATE`", ">= 1.3", "seats", "naive", 64, alone=ALONE),
            Figure("seats_many", "the same in sets of 50, 8 clients, against PL/pgSQL at its best number of clients", ">= 8", "many", "naive", 8, BEST),
        ),
        "seats",
    )
    yield Experiment(
        "holds",
        "Holds of 2 random seats of 50,000, beside Redis without durability",
        "holds a second",
        (
            Side("hold", "hold_seats(), durable", singly("hold", new_house)),
            Side("many", "hold_many(), sets of 50, durable", in_sets(bench, "hold_many")),
            Side("redis", "Redis + Lua", redis(1)),
            Side("redis_pipelined", "Redis + Lua, 50 calls in a pipeline", redis(SET)),
        ),
        (
            Figure("hold_redis", "holds alone, 64 clients, single calls, against Redis + Lua holds of the same size, not durable", ">= 0.5", "hold", "redis", 64),
            Figure("hold_redis_many", "the same in sets of 50, 8 clients, against single calls of Redis by 64 clients", ">= 2", "many", "redis", 8, 64),
            Figure("hold_redis_pipelined", "the same, against Redis with 50 calls in a pipeline, 8 clients", "", "many", "redis_pipelined", 8),
        ),
        "holds-beside-redis",
    )
