"""results.md: the figures in their order, then by number of clients, with a plot of each experiment."""

from harness.experiment import number

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


def in_order(ratios):
    def place(ratio):
        base = ratio.figure.name
        return (ratio.name != base, ORDER.index(base) if base in ORDER else len(ORDER))

    return sorted(ratios, key=place)


def said(ratio):
    return f"ratio {ratio.name} {ratio.ratio.median:.4g}"


def row(ratio):
    figure = ratio.figure
    at = f", the peer's best being {ratio.peer_clients}" if figure.peer_clients == "best" else ""
    return (
        f"| `{ratio.name}` | {figure.what}{at} | {ratio.ours} | {ratio.peer} | **{number(ratio.ratio.median)}** "
        f"({number(ratio.ratio.least)} to {number(ratio.ratio.most)}) | {figure.goal} |"
    )


def row_of_clients(ratio):
    return f"| `{ratio.name}` | {ratio.ours} | {ratio.peer} | {number(ratio.ratio.median)} ({number(ratio.ratio.least)} to {number(ratio.ratio.most)}) |"


def lines(ratios, measurements, plots, heading):
    yield "# Results"
    yield ""
    yield heading
    yield ""
    yield "| figure | what | Evently, a second | peer, a second | ratio | goal |"
    yield "|---|---|---|---|---|---|"
    main = [ratio for ratio in ratios if ratio.name == ratio.figure.name]
    for ratio in in_order(main):
        yield row(ratio)
    if measurements:
        yield ""
        yield "| measured alone | what | value | goal |"
        yield "|---|---|---|---|"
        for done in measurements:
            yield f"| `{done.name}` | {done.what} | **{number(done.value)}** {done.unit} | {done.goal} |"
    for title, file, names in plots:
        yield ""
        yield f"## {title}"
        yield ""
        yield f"![{title}](plots/{file})"
        others = [ratio for ratio in ratios if ratio.figure.name in names and ratio.name != ratio.figure.name]
        if others:
            yield ""
            yield "| other numbers of clients | Evently, a second | peer, a second | ratio |"
            yield "|---|---|---|---|"
            for ratio in others:
                yield row_of_clients(ratio)
