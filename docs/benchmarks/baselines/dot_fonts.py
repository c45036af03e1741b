"""Dot fonts of coding printers, as strokes on a grid of dots: 5 x 7 and 7 x 9.

A glyph is a text of strokes; a stroke is a chain of points "xy" joined by straight rows of dots, so "0026" goes from
column 0, row 0 to column 2, row 6.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

SMALL = {
    "A": "0602204246 0444",
    "B": "0006364544330300 33424130 3000",
    "C": "4130100105163645",
    "D": "00063645413000",
    "E": "40000646 0333",
    "F": "400006 0333",
    "G": "41301001051636454323",
    "H": "0006 4046 0343",
    "I": "1030 2026 1636",
    "J": "2040 3035261605",
    "K": "0006 401346",
    "L": "000646",
    "M": "0600224046",
    "N": "0600 0145 4640",
    "O": "103041453616050110",
    "P": "06003041423303",
    "Q": "103041442616050110 2446",
    "R": "06003041423303 1346",
    "S": "413010010213334445361605",
    "T": "0040 2026",
    "U": "000516364540",
    "V": "0004264440",
    "W": "0006244640",
    "X": "00014546 40410506",
    "Y": "0001234140 2326",
    "Z": "004041050646",
    "0": "103041453616050110",
    "1": "112026 1636",
    "2": "01103041420646",
    "3": "01103041423323 334445361605",
    "4": "3630030444",
    "5": "400002324345361605",
    "6": "302002051636454433 3303",
    "7": "0040412326",
    "8": "10304142331304051636454433 13020110",
    "9": "43130201103041442616",
    ".": "15252616",
    ",": "242516",
    ":": "11212212 14242515",
    "/": "0541",
    "-": "1333",
    "+": "0343 2125",
    "%": "0010110100 0541 3545463635",
    "(": "30121436",
    ")": "10323416",
    "#": "1016 3036 0242 0444",
    "$": "411102133344 443505 2026",
    "€": "41302002042636 3645 0232 0434",
}
LARGE = {
    "A": "0803306368 0565",
    "B": "000858676554 5404 5463615000",
    "C": "6150100107185867",
    "D": "00084866624000",
    "E": "60000868 0444",
    "F": "600008 0444",
    "G": "61501001071858676434",
    "H": "0008 6068 0464",
    "I": "2040 3038 2848",
    "J": "6067581807",
    "K": "0008 602468 0424",
    "L": "000868",
    "M": "0800336068",
    "N": "0800 0167 6860",
    "O": "105061675818070110",
    "P": "08005061635404",
    "Q": "105061675818070110 4668",
    "R": "08005061635404 2468",
    "S": "615010010314546567581807",
    "T": "0060 3038",
    "U": "000718586760",
    "V": "0005386560",
    "W": "0008356860",
    "X": "00016768 60610708",
    "Y": "0001346160 3438",
    "Z": "006061070868",
    "0": "204062664828060220",
    "1": "123038 1858",
    "2": "01105061630868",
    "3": "01105061635424 5465675818 1807",
    "4": "58500565",
    "5": "600003536467581807",
    "6": "502002071858676554 5404",
    "7": "0060613438",
    "8": "10506163541405071858676554 14030110",
    "9": "64140301105061664818",
    ".": "27373828",
    ",": "363728",
    ":": "22323323 26363727",
    "/": "0761",
    "-": "1454",
    "+": "1454 3236",
    "%": "0010110100 0761 5767685857",
    "(": "40222648",
    ")": "20424628",
    "#": "2028 4048 0363 0565",
    "$": "611102031454 5465665707 3038",
    "€": "61503012163858 5867 0343 0545",
}
SLASHES = {"small": "1432", "large": "2543"}


@dataclass(frozen=True)
class DotFont:
    """A table of glyphs and the grid that they are drawn on."""

    name: str
    glyphs: dict[str, str]
    columns: int
    rows: int


FONTS = {"small": DotFont("small", SMALL, 5, 7), "large": DotFont("large", LARGE, 7, 9)}


@cache
def list_dots(font_name: str, character: str, slashed_zero: bool = False) -> tuple[tuple[int, int], ...]:
    """The dots of a glyph as (column, row), column by column; none for a space.

    Raises:
        KeyError: the font has no such glyph.
    """
    if character == " ":
        return ()
    strokes = FONTS[font_name].glyphs[character]
    if character == "0" and slashed_zero:
        strokes += " " + SLASHES[font_name]
    return tuple(sorted({dot for stroke in strokes.split() for dot in _trace(stroke)}))


def _trace(stroke: str) -> set[tuple[int, int]]:
    points = [(int(stroke[at]), int(stroke[at + 1])) for at in range(0, len(stroke), 2)]
    dots = {points[0]}
    for (x0, y0), (x1, y1) in pairwise(points):
        steps = max(abs(x1 - x0), abs(y1 - y0))
        dots |= {
            (x0 + round(step * (x1 - x0) / steps), y0 + round(step * (y1 - y0) / steps)) for step in range(steps + 1)
        }
    return dots
