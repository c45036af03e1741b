"""GLAN at two scales, the fusion of implicit and glyph attention, and what training asks of both.

Source:
    METHODS sections 1.1.4 to 1.1.6 and 1.3.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.glyph.attention_decoder import AttentionDecoder, DecodedSteps
from models.glyph.feature_pyramid import GlyphFeatures
from models.glyph.fusion import GatedFusion
from models.glyph.glyph_attention import GlyphAttention, Glyphs
from models.glyph.loss_weights import GlyphLossWeights
from models.glyph.losses.difference_loss import difference_loss
from models.glyph.losses.foreground_loss import foreground_loss
from models.glyph.losses.guide_loss import guide_loss
from models.glyph.losses.orthogonality_loss import orthogonality_loss
from models.glyph.losses.saliency import saliency
from models.glyph.losses.slot_dice_loss import slot_dice_loss
from models.glyph.losses.token_loss import token_loss
from models.glyph.pseudo_labels import build_glyph_labels
from models.glyph.pyramid import GlyphPyramid
from models.tokenizers import FramedTargets

DROPOUT = 0.3
BOTH_SCALES = 2


class GlyphScene(NamedTuple):
    """What glyphs are found on: the trunk's pyramid, O2 and O1, and the visual sequence (B, T, D)."""

    pyramid: GlyphPyramid
    features: GlyphFeatures
    sequence: Tensor


class GlyphGuide(NamedTuple):
    """What teaches maps and attention.

    Attributes:
        attention: (B, S, T) implicit attention.
        ink: (B, 1, H, W) of 0 and 1.
        lengths: (B,) characters.
        counted: (B,) bool, samples that teach; a text that is too long does not.
        occupancy: (B, L, T) where the fast path sees each character, or None once attention stands on its own.
    """

    attention: Tensor
    ink: Tensor
    lengths: Tensor
    counted: Tensor
    occupancy: Tensor | None = None


class GlyphLosses(NamedTuple):
    """Scalars: of the maps, of all readings that have glyphs, of the fused decoder's attention (twice)."""

    slots: Tensor
    recognition: Tensor
    alignment: Tensor
    guide: Tensor

    def weigh(self, weights: GlyphLossWeights) -> Tensor:
        """Their weighted sum."""
        return (
            weights.slots * self.slots
            + weights.recognition * self.recognition
            + weights.alignment * self.alignment
            + weights.guide * self.guide
        )


class GlyphBranch(nn.Module):
    """Finds glyphs, reads with them."""

    def __init__(
        self,
        classes: int,
        slots: int,
        scales: tuple[tuple[int, int], tuple[int, int]],
        widths: tuple[int, int, int, int],
    ) -> None:
        """Build the branch.

        Args:
            slots: M.
            scales: channels of the feature pyramid and of the trunk's strokes, coarse and middle.
            widths: of stroke features, of the sequence, of the decoder, of its embeddings.
        """
        super().__init__()
        strokes, line, hidden, embedding = widths
        self.coarse, self.middle = (GlyphAttention(*scale, slots, strokes, line) for scale in scales)
        self.alone = nn.ModuleList(nn.Linear(line, classes) for _ in scales)  # readings from glyphs alone
        self.decoder = AttentionDecoder(classes, line, hidden, embedding, slots, has_glyphs=True)
        self.fusion = GatedFusion(hidden)
        self.dropout = nn.Dropout(DROPOUT)
        self.generator = nn.LSTM(hidden, hidden, batch_first=True)
        self.head = nn.Linear(hidden, classes)

    def find(self, scene: GlyphScene, count: int, own: Tensor | None = None) -> tuple[Glyphs, Glyphs]:
        """The first `count` glyphs at the coarse and the middle scale; `own` as in `GlyphAttention`."""
        pyramid, features, _ = scene
        coarse: Glyphs = self.coarse(features.coarse, pyramid.coarse, count, own)
        middle: Glyphs = self.middle(features.middle, pyramid.middle, count, own)
        return coarse, middle

    def read(self, sequence: Tensor, found: tuple[Glyphs, Glyphs]) -> DecodedSteps:
        """Read greedily at both scales, stacked to 2 B, as many steps as glyphs were found."""
        glyphs = torch.cat([one.features for one in found])
        return self.decoder.decode(torch.cat([sequence] * BOTH_SCALES), glyphs.shape[1], glyphs)

    def read_with(self, sequence: Tensor, context: Tensor, found: tuple[Glyphs, Glyphs]) -> DecodedSteps:
        """Both scales, stacked to 2 B, with given texts (B, S)."""
        glyphs = torch.cat([one.features for one in found])
        steps: DecodedSteps = self.decoder(
            torch.cat([sequence] * BOTH_SCALES), torch.cat([context] * BOTH_SCALES), glyphs
        )
        return steps

    def conclude(self, steps: DecodedSteps) -> Tensor:
        """Logits (B, S, K) of what the decoder said at both scales."""
        coarse, middle = steps.states.chunk(BOTH_SCALES)
        generated, _ = self.generator(self.dropout(self.fusion(coarse, middle)))
        logits: Tensor = self.head(generated)
        return logits

    def training_loss(
        self, scene: GlyphScene, framed: FramedTargets, guide: GlyphGuide, weights: Tensor | None, smoothing: float
    ) -> GlyphLosses:
        """All that the branch learns from.

        Args:
            weights: (B,) of the samples in the readings' losses, or None.
            smoothing: of the labels.
        """
        found = self.find(scene, framed.context.shape[1])
        slots = torch.stack([_map_loss(one.logits, guide) for one in found]).sum()
        alone = [
            token_loss(head(one.features), framed.answers, weights) for one, head in zip(found, self.alone, strict=True)
        ]
        steps = self.read_with(scene.sequence, framed.context, found)
        answers = torch.cat([framed.answers] * BOTH_SCALES)
        both = None if weights is None else torch.cat([weights] * BOTH_SCALES)
        fused = BOTH_SCALES * token_loss(steps.logits, answers, both, smoothing)
        final = token_loss(self.conclude(steps), framed.answers, weights, smoothing)
        attention = mean_of_scales(steps.attention)
        recognition = torch.stack([*alone, fused, final]).sum()
        return GlyphLosses(slots, recognition, alignment_loss(attention, guide), begin_loss(attention, guide.occupancy))


def alignment_loss(attention: Tensor, guide: GlyphGuide) -> Tensor:
    """Orthogonality and difference loss of an implicit attention (B, S, T) against the guide's ink."""
    counted = guide.counted
    attention, lengths, ink = attention[counted], guide.lengths[counted], guide.ink[counted]
    return orthogonality_loss(attention, lengths) + difference_loss(saliency(attention, lengths, ink), ink)


def begin_loss(attention: Tensor, occupancy: Tensor | None) -> Tensor:
    """Pull of an implicit attention (B, S, T) towards the fast path's alignment, where there is one."""
    return attention.new_zeros(()) if occupancy is None else guide_loss(attention, occupancy)


def join_maps(found: tuple[Glyphs, Glyphs], count: int) -> Tensor:
    """The first `count` glyph maps of both scales averaged at the finer one: (B, count, h, w) in [0, 1]."""
    coarse, middle = (one.logits.float().softmax(dim=1)[:, 1 : 1 + count] for one in found)
    raised = functional.interpolate(coarse, size=middle.shape[2:], mode="bilinear", align_corners=False)
    return (raised + middle) / 2


def mean_of_scales(attention: Tensor) -> Tensor:
    """(2 B, S, T) of both scales to (B, S, T)."""
    coarse, middle = attention.chunk(BOTH_SCALES)
    return (coarse + middle) / 2


def count_answers(framed: FramedTargets) -> Tensor:
    """(B,) characters of each usable text; the end is none."""
    return (framed.answers > 0).sum(dim=1)


def _map_loss(logits: Tensor, guide: GlyphGuide) -> Tensor:
    """Dice and foreground loss of the maps (B, 1 + M, h, w) of one scale against their pseudo-labels."""
    attention, ink, lengths, counted, _ = guide
    logits, lengths = logits[counted].float(), lengths[counted]
    _, channels, height, width = logits.shape
    labels = build_glyph_labels(attention[counted], lengths, ink[counted], (height, width), channels - 1)
    return slot_dice_loss(logits.softmax(dim=1), labels, lengths) + foreground_loss(logits, labels)
