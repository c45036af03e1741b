"""How the words that are shown make lines and blocks, as the page needs it.

The page holds all candidates and knows each by its place among them; a layout names the places that are shown.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from textrec_app.domain import Polygon, Reading
from textrec_app.pipeline.grouping import line_polygon
from textrec_app.pipeline.page_layout import list_rows


def describe_layout(candidates: Reading, shown: Reading) -> dict[str, Any]:
    """The places of the words that are shown, in reading order, and their lines and blocks with outlines.

    A line on the page is a row of text as it is copied (`list_rows`); `groups` is what the JSON form says of `shown`.

    Args:
        candidates: everything that was read.
        shown: a part of it (`filter_reading`), whose regions are the very same objects.
    """
    places = {id(region): place for place, region in enumerate(candidates.regions)}
    order = [places[id(region)] for region in shown.regions]
    return {
        "count": len(order),
        "order": order,
        "blocks": [
            {
                "points": format_points(bound_block([shown.regions[index].polygon for index in block])),
                "lines": [
                    {
                        "points": format_points(line_polygon([shown.regions[index].polygon for index in row])),
                        "words": [order[index] for index in row],
                    }
                    for row in rows
                ],
            }
            for block, rows in zip(shown.blocks, list_rows(shown), strict=True)
        ],
        "groups": {"lines": shown.lines, "blocks": shown.blocks, "rows": shown.rows},
    }


def format_points(polygon: Polygon) -> str:
    """Corners in the form of SVG's `points`."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in polygon)


def bound_block(polygons: Sequence[Polygon]) -> Polygon:
    """The least rectangle round words that lies along their common reading direction.

    Args:
        polygons: at least one, of four corners, clockwise from the text's top-left, pixels.

    Returns:
        Its corners, clockwise from the top-left as the text is read.
    """
    quads = np.array(polygons, np.float64)
    reading = (quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]).sum(axis=0)
    length = float(np.hypot(*reading))
    along = reading / length if length > 0 else np.array([1.0, 0.0])
    axes = np.stack([along, [-along[1], along[0]]])
    placed = quads.reshape(-1, 2) @ axes.T
    (left, top), (right, bottom) = placed.min(axis=0), placed.max(axis=0)
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)]) @ axes
    return tuple((float(x), float(y)) for x, y in corners)
