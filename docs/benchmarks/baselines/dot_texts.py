"""What coding printers write on packages: dates, lots, times, prices, weights, with their headings."""

import numpy as np

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# No I, O, Q, U: coding lines leave out letters that can be taken for digits.
CODE_LETTERS = "ABCDEFGHJKLMNPRSTVWXYZ"
DATE_HEADINGS = (
    *(
        "EXP",
        "EXP.",
        "EXP:",
        "EXP DATE",
        "EXPIRY",
        "BB",
        "BBE",
        "BEST BEFORE",
        "BEST BY",
        "BEFORE",
        "USE BY",
        "SELL BY",
    ),
    *("MFG", "MFD", "MFG DATE", "PROD", "PROD.", "PKD", "PACKED ON", "MHD", "SCAD.", "CAD", "VAL", "FAB", "ED", "DLC"),
    *("MINDESTENS HALTBAR BIS", "A CONSUMER AVANT LE", "CONSUMIR ANTES", "BEST BEFORE END", "FREEZE BY", "EXP/LOT"),
)
LOT_HEADINGS = (
    "LOT",
    "LOT:",
    "LOT NO",
    "LOT NO.",
    "L",
    "L:",
    "BATCH",
    "BATCH NO",
    "B.NO.",
    "BN",
    "CH.-B.",
    "LOTE",
    "CODE",
)
PRICE_HEADINGS = ("MRP RS.", "MRP", "PRICE", "RS", "RRP", "USP")
WORDS = (
    *("KEEP COOL", "KEEP FROZEN", "STORE DRY", "CAGE FREE", "MADE IN CHINA", "PRODUCT OF ITALY", "OPEN HERE", "SAMPLE"),
    *(
        "NOT FOR SALE",
        "QC PASSED",
        "QC OK",
        "FRAGILE",
        "RECYCLE",
        "INCL. OF ALL TAXES",
        "NET WT",
        "PLANT",
        "LINE",
        "SHIFT",
    ),
    *(
        "STERILE",
        "LARGE EGGS",
        "FARM",
        "ORGANIC",
        "GRADE A",
        "TOP",
        "MIX",
        "WHITE",
        "CABLE",
        "PE100",
        "SDR11",
        "COPPER",
    ),
)


def draw_text(generator: np.random.Generator) -> str:
    """Draw the text of one line: at most 24 characters, upper case, digits and . , : / - + % ( ) # $ €."""
    kinds = (_dated, _lot, _price, _weight, _timed, _plain)
    kind = kinds[generator.choice(len(kinds), p=(0.38, 0.27, 0.07, 0.08, 0.1, 0.1))]
    while len(text := kind(generator)) > 24:
        pass
    return text


def draw_crop_text(generator: np.random.Generator) -> str:
    """As `draw_text`, but in every other case only one word of the line, of two characters or more."""
    text = draw_text(generator)
    words = [word for word in text.split() if sum(map(str.isalnum, word)) >= 2]
    return _pick(generator, words) if words and generator.random() < 0.45 else text


def _pick(generator: np.random.Generator, choices: tuple[str, ...] | list[str]) -> str:
    return choices[generator.integers(len(choices))]


def _digits(generator: np.random.Generator, count: int) -> str:
    return "".join(str(digit) for digit in generator.integers(0, 10, count))


def _letters(generator: np.random.Generator, count: int) -> str:
    return "".join(_pick(generator, list(CODE_LETTERS)) for _ in range(count))


def _date(generator: np.random.Generator) -> str:
    day, month, year = (
        int(generator.integers(1, 29)),
        int(generator.integers(1, 13)),
        int(generator.integers(2023, 2031)),
    )
    short, name = year % 100, MONTHS[month - 1]
    forms = (
        *(f"{day:02d}.{month:02d}.{year}", f"{day:02d}/{month:02d}/{year}", f"{day:02d}.{month:02d}.{short}"),
        *(
            f"{day:02d}/{month:02d}/{short}",
            f"{month:02d}/{year}",
            f"{month:02d}.{year}",
            f"{day:02d} {month:02d} {short}",
        ),
        *(
            f"{day:02d}{name}{short}",
            f"{day:02d} {name} {year}",
            f"{name} {year}",
            f"{name}{short}",
            f"{name} {day:02d} {year}",
        ),
        *(
            f"{year}-{month:02d}-{day:02d}",
            f"{year}/{month:02d}/{day:02d}",
            f"{year}{month:02d}{day:02d}",
            f"{day}-{name}-{short}",
        ),
    )
    return _pick(generator, forms)


def _time(generator: np.random.Generator) -> str:
    text = f"{generator.integers(0, 24):02d}:{generator.integers(0, 60):02d}"
    return text + (f":{generator.integers(0, 60):02d}" if generator.random() < 0.25 else "")


def _dated(generator: np.random.Generator) -> str:
    if generator.random() < 0.35:
        return _date(generator)
    return f"{_pick(generator, DATE_HEADINGS)}{_pick(generator, (' ', ' ', ''))}{_date(generator)}"


def _code(generator: np.random.Generator) -> str:
    forms = (
        f"{_letters(generator, 1)}{_digits(generator, 4)}{_letters(generator, 1)}",
        f"L{_digits(generator, int(generator.integers(4, 8)))}",
        f"{_digits(generator, int(generator.integers(5, 10)))}",
        f"{_letters(generator, 2)}{_digits(generator, int(generator.integers(3, 7)))}",
        f"{_digits(generator, 4)}{_letters(generator, 2)}{_digits(generator, 2)}",
        f"{_digits(generator, 3)}-{_digits(generator, 2)}{_letters(generator, 1)}",
        f"{_letters(generator, 1)}{_digits(generator, 2)}/{_digits(generator, 4)}",
    )
    return _pick(generator, forms)


def _lot(generator: np.random.Generator) -> str:
    text = _code(generator)
    if generator.random() < 0.65:
        text = f"{_pick(generator, LOT_HEADINGS)} {text}"
    return f"{text} {_time(generator)}" if generator.random() < 0.3 else text


def _timed(generator: np.random.Generator) -> str:
    return (
        f"{_time(generator)} {_code(generator)}"
        if generator.random() < 0.6
        else f"{_date(generator)} {_time(generator)}"
    )


def _price(generator: np.random.Generator) -> str:
    amount = f"{generator.integers(1, 600)}.{_digits(generator, 2)}"
    heading = _pick(generator, PRICE_HEADINGS)
    return _pick(
        generator, (f"{heading} {amount}", f"{heading}{amount}", f"${amount}", f"€{amount}", f"{heading} {amount}/-")
    )


def _weight(generator: np.random.Generator) -> str:
    unit = _pick(generator, ("G", "KG", "ML", "L", "MM", "OZ", "PCS", "%"))
    amount = (
        str(generator.integers(1, 1000))
        if unit not in {"KG", "L"}
        else f"{generator.integers(1, 9)}.{generator.integers(0, 10)}"
    )
    heading = _pick(generator, ("", "", "NET WT ", "NET ", "WT ", "VOL ", "QTY "))
    return heading + amount + _pick(generator, ("", " ")) + unit


def _plain(generator: np.random.Generator) -> str:
    return _pick(generator, WORDS) + (
        f" {_digits(generator, int(generator.integers(1, 4)))}" if generator.random() < 0.3 else ""
    )
