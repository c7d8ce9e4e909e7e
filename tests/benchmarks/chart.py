"""The chart of the documentation: the throughput of a confirm relative to the tutorial's."""

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot

COLORS = {
    "tutorial": "#9aa5b1",
    "assembled": "#d9a441",
    "timp_orders": "#2f7f6f",
    "floor": "#e4e7eb",
}


def draw(measured, path):
    """Draw a group of bars for each database.

    :param measured: the contents of JSON files.
    :param path: of the SVG file.
    """
    pyplot.rcParams |= {"svg.hashsalt": "timp_orders", "font.family": "sans-serif"}
    figure, axes = pyplot.subplots(figsize=(7.5, 3.6), layout="constrained")
    databases = [content for content in measured if "confirm" in content["parts"]]
    for place, content in enumerate(databases):
        rows = [row for row in content["parts"]["confirm"]["rows"] if row["call"] == "confirm"]
        for number, row in enumerate(rows):
            name = row["contender"]
            bars = axes.bar(
                place + (number - (len(rows) - 1) / 2) * 0.2,
                row["throughput"],
                width=0.18,
                color=COLORS[name],
                edgecolor="#52606d",
                linewidth=0.5,
                label=name if place == 0 or name == "floor" else None,
            )
            axes.bar_label(bars, fmt="%.2f", fontsize=8, padding=2)
    axes.axhline(1, color="#52606d", linewidth=0.8, linestyle="--")
    axes.set_xticks(range(len(databases)), [content["database"] for content in databases])
    axes.set_ylabel("throughput, tutorial = 1")
    axes.spines[["top", "right"]].set_visible(False)
    handles, labels = axes.get_legend_handles_labels()
    known = dict(zip(labels, handles, strict=True))
    axes.legend(
        [known[name] for name in COLORS if name in known],
        [name for name in COLORS if name in known],
        frameon=False,
        fontsize=8,
    )
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
