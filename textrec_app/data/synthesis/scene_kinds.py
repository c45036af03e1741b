"""What a scene is of: streets, pages, receipts, posters, shop fronts, plates, captions, close views."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from textrec_app.data.synthesis.boards import BoardComposer
from textrec_app.data.synthesis.fonts import FontLibrary
from textrec_app.data.synthesis.layouts import PlaneComposer
from textrec_app.data.synthesis.pages import compose_page
from textrec_app.data.synthesis.planes import Plane
from textrec_app.data.synthesis.receipts import compose_receipt
from textrec_app.data.synthesis.scripts import Script, ScriptTexts, find_scripts
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.synthesis.typesetting import Typesetter
from textrec_app.errors import InputError

MAX_WORDS = 40
SCRIPT_SHARE = 0.16
STRANGER_SHARE = 0.2
FLAT_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be put into a scene.

    Attributes:
        planes: put first, in this order.
        n_more: words that fill the rest with small planes.
        is_flat: the first plane is a page that fills the picture.
        may_turn_alone: single planes may be turned by themselves.
    """

    planes: tuple[Plane, ...] = ()
    n_more: int = 0
    is_flat: bool = False
    may_turn_alone: bool = False


class Composers:
    """All composers over the fonts and texts of one script."""

    def __init__(self, fonts: FontLibrary, texts: TextSource, script: Script | None = None) -> None:
        """Keep what to draw with; None is Latin."""
        self.planes, self.setter, self.boards = (
            PlaneComposer(fonts, texts), Typesetter(fonts, texts), BoardComposer(fonts, texts),
        )  # fmt: skip
        self.script = script


class SceneComposer:
    """Drafts scenes of all kinds, in Latin and in the scripts that the machine has fonts for."""

    def __init__(self, fonts: FontLibrary, texts: TextSource, kinds: tuple[str, ...] = ()) -> None:
        """Keep what to draw with.

        Args:
            fonts: faces for Latin.
            texts: what to write in Latin.
            kinds: names of `KINDS` to draw alone; none draws all.

        Raises:
            InputError: a kind is not known.
        """
        unknown = sorted(set(kinds) - set(KINDS))
        if unknown:
            raise InputError(f"Unknown kinds of scenes: {', '.join(unknown)}. Known ones: {', '.join(KINDS)}.")
        self._kinds = tuple(kinds) or tuple(KINDS)
        weights = np.array([KINDS[kind][1] for kind in self._kinds])
        self._limits = np.cumsum(weights / weights.sum())
        self._latin = Composers(fonts, texts)
        self._others = tuple(
            Composers(library, ScriptTexts(script), script) for script, library in find_scripts(fonts.faces)
        )

    def pick_kind(self, generator: np.random.Generator) -> str:
        """Draw the kind of a scene."""
        place = int(np.searchsorted(self._limits, generator.random(), side="right"))
        return self._kinds[min(place, len(self._kinds) - 1)]

    def pick_script(self, generator: np.random.Generator) -> Composers:
        """Draw a script: mostly Latin."""
        if self._others and generator.random() < SCRIPT_SHARE:
            return self._others[int(generator.random() * len(self._others))]
        return self._latin

    def draft(self, kind: str, composers: Composers, size_wh: tuple[int, int], generator: np.random.Generator) -> Draft:
        """Draft a scene of a kind in a picture of this size, as its text is read (before it is turned)."""
        return KINDS[kind][0](composers, size_wh, generator)

    def compose_more(self, usual: Composers, max_words: int, generator: np.random.Generator) -> Plane:
        """Draw a small plane, at times in another script than the scene's usual one."""
        composers = self.pick_script(generator) if generator.random() < STRANGER_SHARE else usual
        return composers.planes.compose(generator, max_words)


Drafter = Callable[[Composers, tuple[int, int], np.random.Generator], Draft]


def _draft_street(_composers: Composers, _size_wh: tuple[int, int], generator: np.random.Generator) -> Draft:
    return Draft(n_more=3 + int(generator.random() ** 1.5 * (MAX_WORDS - 3)), may_turn_alone=True)


def _draft_page(composers: Composers, size_wh: tuple[int, int], generator: np.random.Generator) -> Draft:
    if generator.random() < FLAT_SHARE:
        return Draft((compose_page(composers.setter, generator, size_wh),), is_flat=True)
    width, height = (int(side * generator.uniform(0.6, 0.95)) for side in size_wh)
    return Draft((compose_page(composers.setter, generator, (width, height)),))


def _draft_receipt(composers: Composers, size_wh: tuple[int, int], generator: np.random.Generator) -> Draft:
    width = int(max(180, generator.uniform(0.35, 0.7) * min(size_wh)))
    return Draft((compose_receipt(composers.setter, generator, width, int(size_wh[1] * 0.95)),), _count_few(generator))


def _draft_poster(composers: Composers, size_wh: tuple[int, int], generator: np.random.Generator) -> Draft:
    return Draft((composers.boards.compose_poster(generator, size_wh),), _count_few(generator))


def _draft_front(composers: Composers, size_wh: tuple[int, int], generator: np.random.Generator) -> Draft:
    planes = [composers.boards.compose_front(generator, size_wh)]
    if generator.random() < 0.3:
        planes.append(composers.boards.compose_stack(generator, size_wh[1] * generator.uniform(0.2, 0.5)))
    return Draft(tuple(planes), _count_few(generator), may_turn_alone=True)


def _draft_plates(composers: Composers, _size_wh: tuple[int, int], generator: np.random.Generator) -> Draft:
    plates = [composers.boards.compose_plate(generator) for _ in range(1 + int(generator.random() * 4))]
    return Draft(tuple(plates), _count_few(generator))


def _draft_stacks(composers: Composers, size_wh: tuple[int, int], generator: np.random.Generator) -> Draft:
    planes = []
    for _ in range(1 + int(generator.random() * 3)):
        reach = size_wh[1] * generator.uniform(0.2, 0.85)
        is_page = composers.script is not None and composers.script.has_columns and generator.random() < 0.4
        planes.append(
            composers.boards.compose_stack(generator, reach, 2 + int(generator.random() * 6) if is_page else 1)
        )
    return Draft(tuple(planes), _count_few(generator), may_turn_alone=True)


def _draft_caption(composers: Composers, size_wh: tuple[int, int], generator: np.random.Generator) -> Draft:
    return Draft((composers.boards.compose_caption(generator, size_wh[0]),), _count_few(generator))


def _draft_close(composers: Composers, size_wh: tuple[int, int], generator: np.random.Generator) -> Draft:
    return Draft((composers.boards.compose_close(generator, size_wh[0]),))


def _draft_nothing(_composers: Composers, _size_wh: tuple[int, int], _generator: np.random.Generator) -> Draft:
    return Draft()


def _count_few(generator: np.random.Generator) -> int:
    return int(generator.random() ** 2 * 14)


# Kinds of scenes and how often each is drawn.
KINDS: dict[str, tuple[Drafter, float]] = {
    "street": (_draft_street, 0.36),
    "page": (_draft_page, 0.13),
    "receipt": (_draft_receipt, 0.06),
    "poster": (_draft_poster, 0.12),
    "front": (_draft_front, 0.09),
    "plates": (_draft_plates, 0.04),
    "stacks": (_draft_stacks, 0.05),
    "caption": (_draft_caption, 0.04),
    "close": (_draft_close, 0.04),
    "empty": (_draft_nothing, 0.07),
}
