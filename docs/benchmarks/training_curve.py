"""Draw word accuracy against hours trained, from the `progress.jsonl` of runs that continue one another.

    python -m docs.benchmarks.training_curve RUN1 RUN2 … --out docs/images/training_curve.svg

A run that began from another's weights (`--base`) follows it on the time axis.
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 360, 56, 44, 24, 16
LONGEST_PAUSE_S = 120.0
COLOURS = {"word_accuracy_alnum36": "#1f6feb", "word_accuracy_exact": "#d29922"}
Point = tuple[float, int, dict[str, float]]


def read_curve(runs: list[Path]) -> list[Point]:
    """(hours trained, crops seen, metrics) of each evaluation, all runs on one axis; pauses do not count."""
    points: list[Point] = []
    hours, crops = 0.0, 0
    for run in runs:
        lines = [json.loads(line) for line in (run / "progress.jsonl").read_text(encoding="utf-8").splitlines()]
        spent = 0.0
        for before, line in pairwise([lines[0], *lines]):
            gap = line["time_s"] - before["time_s"]
            spent += gap if gap < LONGEST_PAUSE_S and line["event"] != "start" else 0.0
            if line["event"] == "evaluation":
                metrics = {key: line[key] for key in COLOURS if key in line}
                points.append((hours + spent / 3600, crops + line["samples"], metrics))
        hours, crops = hours + spent / 3600, crops + lines[-1]["samples"]
    return points


def draw_svg(points: list[Point]) -> str:
    """The curve as a picture that scales."""
    most = max(hours for hours, _, _ in points)

    def place(hours: float, share: float) -> tuple[float, float]:
        across = LEFT + hours / most * (WIDTH - LEFT - RIGHT)
        return across, HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for tenth in range(0, 11, 2):
        _, y = place(0, tenth / 10)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tenth * 10} %</text>')
    for half_hours in range(int(most * 2) + 1):
        x, y = place(half_hours / 2, 0)
        parts.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle">{half_hours / 2:g} h</text>')
    for row, (key, colour) in enumerate(COLOURS.items()):
        path = " ".join("{:.1f},{:.1f}".format(*place(hours, m[key])) for hours, _, m in points if key in m)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        name = key.removeprefix("word_accuracy_")
        parts.append(f'<text x="{LEFT + 12}" y="{TOP + 14 + 16 * row}" fill="{colour}">{name}</text>')
    title = "held-back real words right, against hours trained (2 CPU cores)"
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 6}">{title}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Read the runs, write the picture and print the points."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    points = read_curve(chosen.runs)
    chosen.out.write_text(draw_svg(points), encoding="utf-8")
    for hours, crops, metrics in points:
        print(f"{hours:.2f} h  {crops:>9,} crops  " + "  ".join(f"{key} {value:.4f}" for key, value in metrics.items()))


if __name__ == "__main__":
    main()
