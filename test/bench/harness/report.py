"""results.md: the figures in their order, then by number of clients, with a plot of each experiment."""

from dataclasses import dataclass

from harness.experiment import Experiment, number

# As the goals name them, and in the same order.
ORDER = (
    "book_naive",
    "book_insert",
    "book_many",
    "seats_naive",
    "seats_many",
    "hold_redis",
    "hold_redis_many",
    "rest_app",
    "rest_insert",
    "rest_availability",
    "rest_list",
    "rest_list_many",
    "rest_map",
    "rest_map_compact",
    "growth",
    "snapshot",
)


@dataclass(frozen=True)
class Compared:
    experiment: Experiment
    ratios: list


def said(ratio):
    return f"ratio {ratio.name} {ratio.ratio.median:.4g}"


def is_main(ratio):
    return ratio.name == ratio.figure.name


def place(ratio):
    return ORDER.index(ratio.name) if ratio.name in ORDER else len(ORDER)


def reached(goal, value):
    sign, bound = goal.split()
    bound = float(bound.replace(",", ""))
    return {">=": value >= bound, "<=": value <= bound, "<": value < bound}[sign]


def verdict(goal, value, profile):
    """A goal and whether it is reached; where it is not, what tells why."""
    if not goal:
        return ""
    return f"{goal}: " + ("reached" if reached(goal, value) else f"**missed**, [profile](README.md#{profile})")


def cells(ratio, profile):
    """What every line of a ratio has."""
    spread = f"**{number(ratio.ratio.median)}** ({number(ratio.ratio.least)} to {number(ratio.ratio.most)})"
    return f"{ratio.ours} | {ratio.peer} | {spread} | {verdict(ratio.goal, ratio.ratio.median, profile)} |"


def row(ratio, profile):
    figure = ratio.figure
    at = f", the peer's best being {ratio.peer_clients}" if figure.peer_clients == "best" else ""
    return f"| `{ratio.name}` | {figure.what}{at} | {cells(ratio, profile)}"


def lines(compared, measurements, heading):
    yield "# Results"
    yield ""
    yield heading
    yield ""
    yield "| figure | what | Evently, a second | peer, a second | ratio | goal |"
    yield "|---|---|---|---|---|---|"
    main = [(ratio, done.experiment.profile) for done in compared for ratio in done.ratios if is_main(ratio)]
    for ratio, profile in sorted(main, key=lambda pair: place(pair[0])):
        yield row(ratio, profile)
    if measurements:
        yield ""
        yield "| measured alone | what | value | goal |"
        yield "|---|---|---|---|"
        for done in measurements:
            yield f"| `{done.name}` | {done.what} | **{number(done.value)}** {done.unit} | {verdict(done.goal, done.value, done.profile)} |"
    for done in compared:
        yield from section(done)


def section(compared):
    """An experiment's plot, and its figures at other numbers of clients."""
    experiment = compared.experiment
    yield ""
    yield f"## {experiment.title}"
    yield ""
    yield f"![{experiment.title}](plots/{experiment.name}.svg)"
    others = [ratio for ratio in compared.ratios if not is_main(ratio)]
    if others:
        yield ""
        yield "| other numbers of clients | Evently, a second | peer, a second | ratio | goal |"
        yield "|---|---|---|---|---|"
        for ratio in others:
            yield f"| `{ratio.name}` | {cells(ratio, experiment.profile)}"
