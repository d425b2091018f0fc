"""One SVG per experiment, by gnuplot: a small package of Debian's whose SVG is text that can be read and compared."""

import statistics
import subprocess

# Dark enough on white, and apart from each other for who sees colours otherwise.
COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#8c6d00")
SETTINGS = """
set terminal svg size 760,420 font "sans-serif,13" background "#ffffff"
set output "{file}"
set title "{title}"
set xlabel "clients"
set ylabel "{unit}"
set logscale xy
set format y "%.0f"
set xtics ({tics})
set xrange [0.8:{most} * 1.25]
set key outside right top vertical
set grid ytics lc rgb "#dddddd"
"""


def points(samples, side):
    return sorted((clients, statistics.median(rates), min(rates), max(rates)) for clients, rates in samples.by_side[side].items())


def draw(file, experiment, samples):
    file.parent.mkdir(exist_ok=True)
    sides = [side for side in experiment.sides if samples.by_side.get(side.name)]
    clients = sorted({count for side in sides for count in samples.by_side[side.name]})
    script = SETTINGS.format(
        file=file, title=experiment.title, unit=experiment.unit, tics=", ".join(f'"{c}" {c}' for c in clients), most=max(clients)
    )
    plots, data = [], []
    for colour, side in zip(COLOURS, sides):
        plots.append(f"'-' using 1:2:3:4 with yerrorlines lc rgb '{colour}' lw 2 pt 7 ps 0.6 title \"{side.label}\"")
        data.append("\n".join(" ".join(f"{value:g}" for value in point) for point in points(samples, side.name)) + "\ne\n")
    script += "plot " + ", ".join(plots) + "\n" + "".join(data)
    subprocess.run(["gnuplot"], input=script, text=True, check=True, timeout=60)
