"""What a trunk hands to the glyph branch: strokes at three resolutions, and the line as a sequence.

Source:
    METHODS section 1.1: P0, P1, P2 at the crop's own, a half and a quarter of its size.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn

from models.recognition.text_network import ColumnFeatures


class GlyphPyramid(NamedTuple):
    """Features of B crops of 32 x W px.

    Attributes:
        fine: P0 (B, C0, 32, W).
        middle: P1 (B, C1, 16, W / 2).
        coarse: P2 (B, C2, 8, W / 4).
        columns: (B, W / 4, D) the visual sequence, as the CTC head reads it.
    """

    fine: Tensor
    middle: Tensor
    coarse: Tensor
    columns: Tensor

    def detach(self) -> "GlyphPyramid":
        """The same without the trunk's gradient."""
        return GlyphPyramid(*(tensor.detach() for tensor in self))


class GlyphTrunk(nn.Module, ABC):
    """A picture encoder that glyphs can be found on.

    Attributes:
        channels: C0, C1, C2 of the pyramid.
        width: D of the columns.
    """

    channels: tuple[int, int, int]
    width: int

    @abstractmethod
    def pyramid(self, images: Tensor, with_fine: bool = True) -> GlyphPyramid:
        """Encode (B, 3, 32, W) float crops, W a multiple of 4.

        Args:
            with_fine: only masks need P0; without this it has no channels where making it would cost time.

        Raises:
            ShapeError: the crops have another shape.
        """

    @abstractmethod
    def features(self, images: Tensor) -> ColumnFeatures:
        """The columns before their last norm, and where they come from; arguments as in `pyramid`."""
