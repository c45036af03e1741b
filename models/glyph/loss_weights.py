"""How much each part of SIGA's loss counts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GlyphLossWeights:
    """Weights of the training loss; a recipe changes them with the progress of a run.

    Attributes:
        alignment: c of METHODS section 1.3, of the orthogonality and the difference loss.
        segmentation: of the pseudo-mask's loss.
        slots: of the dice and foreground losses of both scales.
        recognition: of each decoder's cross-entropy.
        fast: of the CTC loss.
        guide: of the attention's pull towards the fast path's alignment.
    """

    alignment: float = 1.0
    segmentation: float = 1.0
    slots: float = 1.0
    recognition: float = 1.0
    fast: float = 1.0
    guide: float = 0.0

    @property
    def only_fast(self) -> bool:
        """Nothing but the CTC loss counts, so the glyph branch need not be computed: a third of a step's time."""
        return not any((self.alignment, self.segmentation, self.slots, self.recognition, self.guide))
