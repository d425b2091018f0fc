"""What is measured: sides, taking turns in rounds, and the figures that compare them."""

import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

# Every figure is taken at these numbers of clients too, so that no case is paid for by another.
OTHER_CLIENTS = (1, 8, 32, 128)
# What the naive way, by a client that is alone, is to be beaten by at least: no more than 20 % lost.
ALONE = ">= 0.8"
# A peer's number of clients: the one of its runs at which it was fastest.
BEST = "best"


@dataclass(frozen=True)
class Pace:
    """How long and how often. others: are the other numbers of clients taken too? best_of: where a peer's best is sought. pairs:
    of seats of a house, sold in sets. wal_mebibytes: written before. events: for lists. The rest: what stands for ten million
    bookings, a million under a snapshot, a million calls and a minute of rest."""

    rounds: int
    seconds: float
    other_seconds: float
    others: bool
    best_of: tuple[int, ...]
    pairs: int
    wal_mebibytes: int
    events: int
    many_bookings: int
    snapshot_bookings: int
    calls: int
    idle_seconds: int


FULL = Pace(3, 2.0, 1.0, True, (1, 8, 32, 64, 128), 25_000, 1024, 20_000, 10_000_000, 1_000_000, 1_000_000, 60)
# To see that all of it works, and about how it stands. Of fewer events, lists of them would not be full.
QUICK = Pace(1, 0.2, 0.2, False, (8,), 2_500, 64, 8_000, 20_000, 6_000, 4_000, 1)


def only_main(pace):
    return replace(pace, others=False)


@dataclass(frozen=True)
class Side:
    """One way to do the work: measure(clients, seconds) makes a run of its own and returns how many a second."""

    name: str
    label: str
    measure: Callable[[int, float], float]


@dataclass(frozen=True)
class Figure:
    """ours against peer, at a number of clients. The peer's number, where it differs: one of its own, or its best. alone: the
    goal at one client, beside the naive way."""

    name: str
    what: str
    goal: str
    ours: str
    peer: str
    clients: int
    peer_clients: int | str | None = None
    alone: str = ""


@dataclass(frozen=True)
class Spread:
    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values):
        return cls(statistics.median(values), min(values), max(values))

    def __str__(self):
        return f"{number(self.median)} ({number(self.least)} to {number(self.most)})"


def number(value):
    """With as many digits as a measurement on a shared machine is worth."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


@dataclass(frozen=True)
class Ratio:
    """A line of the results: the median of the ratios of the rounds, not the ratio of the medians, as the machine drifts less
    within a round than between them."""

    name: str
    figure: Figure
    goal: str
    ours: Spread
    peer: Spread
    ratio: Spread
    peer_clients: int


@dataclass(frozen=True)
class Experiment:
    """Sides that are measured together, and what the plot of them is called. profile: the section of README.md that tells where
    the time goes."""

    name: str
    title: str
    unit: str
    sides: tuple[Side, ...]
    figures: tuple[Figure, ...]
    profile: str
    prepare: Callable[[], None] = lambda: None
    cleanup: Callable[[], None] = lambda: None


@dataclass
class Samples:
    """How many a second each side did, by number of clients, in the order of the rounds."""

    by_side: dict = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def add(self, side, clients, rate):
        self.by_side[side][clients].append(rate)

    def rates(self, side, clients):
        return self.by_side[side].get(clients, [])

    def best_clients(self, side):
        return max(self.by_side[side], key=lambda clients: statistics.median(self.rates(side, clients)))

    def ratio(self, name, figure, goal, clients, peer_clients):
        if peer_clients == BEST:
            peer_clients = self.best_clients(figure.peer)
        ours, peer = self.rates(figure.ours, clients), self.rates(figure.peer, peer_clients)
        ratios = Spread.of([a / b for a, b in zip(ours, peer, strict=True)])
        return Ratio(name, figure, goal, Spread.of(ours), Spread.of(peer), ratios, peer_clients)


def runs_of(figure, others, best_of):
    """The runs that a figure needs, as (side, clients)."""
    for clients in (figure.clients, *others):
        yield figure.ours, clients
    if figure.peer_clients == BEST:
        of_peer = best_of
    else:
        of_peer = (figure.peer_clients or figure.clients, *others)
    for clients in of_peer:
        yield figure.peer, clients


def others_of(pace):
    return OTHER_CLIENTS if pace.others else ()


def measure(experiment, figures, pace, settle, say):
    """Rounds in which every run that the figures need takes its turn. settle() waits until the one before has left nothing to do."""
    needed = {run for figure in figures for run in runs_of(figure, others_of(pace), pace.best_of)}
    main = {(figure.ours, figure.clients) for figure in figures}
    main |= {(figure.peer, figure.peer_clients or figure.clients) for figure in figures}
    samples = Samples()
    for turn in range(1, pace.rounds + 1):
        for clients in sorted({clients for _, clients in needed}):
            for side in experiment.sides:
                if (side.name, clients) in needed:
                    seconds = pace.seconds if (side.name, clients) in main else pace.other_seconds
                    settle()
                    rate = side.measure(clients, seconds)
                    samples.add(side.name, clients, rate)
                    say(f"{experiment.name}: round {turn} of {pace.rounds}, {clients} clients, {side.label}: {number(rate)} {experiment.unit}")
    return samples


def ratios(figures, samples, pace):
    """Their lines: each figure, then the same at other numbers of clients."""
    for figure in figures:
        yield samples.ratio(figure.name, figure, figure.goal, figure.clients, figure.peer_clients or figure.clients)
    for figure in figures:
        for clients in others_of(pace):
            if clients != figure.clients:
                peer_clients = BEST if figure.peer_clients == BEST else clients
                goal = figure.alone if clients == 1 else ""
                yield samples.ratio(f"c{clients}_{figure.name}", figure, goal, clients, peer_clients)
