"""SIGA: a recognizer that finds glyphs by itself, over a convolutional, a residual or a transformer trunk.

Source:
    Guan et al., CVPR 2023 (2203.03382); METHODS section 1 with its corrections. Where this differs: a CTC head is
    the fast path; no rectification network; one decoder reads both scales; glyph-only readings are said all at once;
    the sequence is told how many characters the fast path has seen, and attention may begin at its alignment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from models.backbones.conv_pyramid import ConvPyramid
from models.backbones.resnet45 import Resnet45, Resnet45Config
from models.backbones.vit_pyramid import VitPyramid, VitPyramidConfig
from models.glyph.attention_decoder import AttentionDecoder
from models.glyph.branch import (
    GlyphBranch,
    GlyphGuide,
    GlyphScene,
    alignment_loss,
    begin_loss,
    count_answers,
    join_maps,
    mean_of_scales,
)
from models.glyph.counting import count_characters
from models.glyph.ctc_occupancy import compute_occupancy
from models.glyph.feature_pyramid import FeaturePyramid
from models.glyph.loss_weights import GlyphLossWeights
from models.glyph.losses.segmentation_loss import segmentation_loss
from models.glyph.losses.token_loss import token_loss
from models.glyph.pyramid import GlyphPyramid, GlyphTrunk
from models.glyph.segmentation import GlyphSegmentation
from models.recognition.conv_attention_ctc import ConvAttentionCtcConfig
from models.recognition.ctc import DecodedText, compute_ctc_loss
from models.recognition.glyph_network import MASKLESS, GlyphExplanation, GlyphNetwork, GlyphReading
from models.recognition.text_network import ColumnFeatures
from models.tokenizers import END, frame_targets

CERTAINLY_NOT = -1e4
SPARE_STEPS = 2  # the glyph branch may say so many characters more than the fast path
MAP_SIZE_DIVISOR = 2


@dataclass(frozen=True)
class SigaConfig:
    """Shape of what stands on a trunk.

    Attributes:
        classes: characters plus one for the blank or end (class 0).
        sequence_width: of the visual sequence that both decoders read.
        decoder_width: hidden units of the decoders; `embedding_width` of what they said.
        pyramid_width: channels of O2; O1 has two thirds.
        glyph_width: channels of the stroke features that each glyph gathers.
        max_length: characters of the longest text; M = max_length + 1 slots.
        glyphs: False leaves out GLAN and fusion: a plain attention decoder, for comparison.
        lag_columns: by how many columns the fast path speaks before the middle of a letter. CTC is free to choose; what
            is read from its columns is moved right by as much, so that attention lies on the letters.
    """

    classes: int = 96
    sequence_width: int = 256
    decoder_width: int = 192
    embedding_width: int = 96
    pyramid_width: int = 96
    glyph_width: int = 128
    max_length: int = 25
    glyphs: bool = True
    lag_columns: int = 0


class SigaNetwork(GlyphNetwork):
    """Trunk, fast path, sequence, segmentation, implicit attention, glyph attention, fusion.

    Attributes:
        config: what stands on the trunk.
    """

    def __init__(self, config: SigaConfig, trunk: GlyphTrunk) -> None:
        super().__init__()
        self.config, self.trunk = config, trunk
        self.max_length, self.loss_weights, self.is_trunk_fixed = config.max_length, GlyphLossWeights(), False
        self.head = nn.Linear(trunk.width, config.classes)
        self.counts = nn.Linear(config.max_length + 2, trunk.width, bias=False)
        nn.init.normal_(self.counts.weight, std=0.5)  # as loud as the columns, which are normalised
        self.sequence = nn.LSTM(trunk.width, config.sequence_width // 2, batch_first=True, bidirectional=True)
        self.shortcut = nn.Linear(trunk.width, config.sequence_width)
        self.decoder = AttentionDecoder(
            config.classes,
            config.sequence_width,
            config.decoder_width,
            config.embedding_width,
            config.max_length + 1,
            has_glyphs=False,
        )
        self.features_pyramid = FeaturePyramid(trunk.channels, config.sequence_width, config.pyramid_width)
        map_widths = (self.features_pyramid.width, self.features_pyramid.middle_width)
        self.segmentation = GlyphSegmentation(trunk.channels[0], map_widths[1])
        self.glyphs = self._build_branch(map_widths) if config.glyphs else None

    def forward(
        self,
        images: Tensor,
        targets: Sequence[Sequence[int]] | None = None,
        weights: Tensor | None = None,
        masks: Tensor | None = None,
    ) -> Tensor:
        """The fast path's logits (B, W / 4, K), or the training loss; see `GlyphNetwork.forward`."""
        if targets is None:
            logits: Tensor = self.head(self.trunk.pyramid(images, with_fine=False).columns)
            return logits
        if self.loss_weights.only_fast:
            columns = self.trunk.pyramid(images, with_fine=False).columns
            return self.loss_weights.fast * compute_ctc_loss(self.head(columns), targets, weights, self.label_smoothing)
        pyramid = self._look(images)
        fast: Tensor = self.head(pyramid.columns)
        loss = self._read_loss(pyramid, fast.detach(), targets, weights, masks)
        if self.is_trunk_fixed:
            return loss
        return loss + self.loss_weights.fast * compute_ctc_loss(fast, targets, weights, self.label_smoothing)

    def read(self, images: Tensor) -> GlyphReading:
        """See `GlyphNetwork.read`."""
        pyramid = self.trunk.pyramid(images, with_fine=False)
        fast: Tensor = self.head(pyramid.columns)
        sequence = self._read_along(pyramid.columns, fast)
        own = (count_read(fast) + 1 + SPARE_STEPS).clamp(max=self.max_length + 1)
        count = int(own.max()) if len(own) else 1
        if self.glyphs is None:
            steps = self.decoder.decode(sequence, count)
            return GlyphReading(fast, end_after(steps.logits, own), steps.attention, no_maps(images))
        features = self.features_pyramid(pyramid, sequence)
        found = self.glyphs.find(GlyphScene(pyramid, features, sequence), count, own)
        steps = self.glyphs.read(sequence, found)
        said = steps.logits.shape[1]
        attention = mean_of_scales(steps.attention)
        return GlyphReading(
            fast,
            end_after(self.glyphs.conclude(steps), torch.minimum(own, _count_said(steps.logits))),
            attention,
            join_maps(found, said),
        )

    def explain(self, images: Tensor, targets: Sequence[Sequence[int]]) -> GlyphExplanation:
        """See `GlyphNetwork.explain`."""
        framed = frame_targets([text[: self.max_length] for text in targets], self.config.classes, self.max_length)
        context = framed.context.to(images.device)
        pyramid = self.trunk.pyramid(images)
        sequence = self._read_along(pyramid.columns, self.head(pyramid.columns))
        features = self.features_pyramid(pyramid, sequence)
        mask = self.segmentation(features.middle, pyramid.fine).sigmoid()
        if self.glyphs is None:
            return GlyphExplanation(mask, self.decoder(sequence, context).attention, no_maps(images))
        found = self.glyphs.find(GlyphScene(pyramid, features, sequence), context.shape[1])
        steps = self.glyphs.read_with(sequence, context, found)
        return GlyphExplanation(mask, mean_of_scales(steps.attention), join_maps(found, context.shape[1]))

    def features(self, images: Tensor) -> ColumnFeatures:
        """See `TextNetwork.features`."""
        return self.trunk.features(images)

    def character_maps(self, image: Tensor, decoded: DecodedText) -> Tensor:
        """Where the strokes of each character lie; of a text without glyph maps, where the decoder looked."""
        count = min(len(decoded.text), self.max_length)
        explained = self.explain(image, [[1] * count])
        if self.glyphs is not None:
            return explained.glyph_attention[0, :count].float()
        return explained.attention[0, :count, None].float()

    def _read_along(self, columns: Tensor, fast: Tensor) -> Tensor:
        """The visual sequence (B, T, D), each column knowing how many characters the fast path has seen so far."""
        lag = self.config.lag_columns
        columns, fast = move_right(columns, lag), move_right(fast, lag)
        counted = self.counts(count_characters(fast, self.max_length + 1))
        mixed, _ = self.sequence(columns + counted.to(columns.dtype))
        sequence: Tensor = self.shortcut(columns) + mixed
        return sequence

    def _build_branch(self, map_widths: tuple[int, int]) -> GlyphBranch:
        shape, (_, low, high) = self.config, self.trunk.channels
        scales = ((map_widths[0], high), (map_widths[1], low))
        widths = (shape.glyph_width, shape.sequence_width, shape.decoder_width, shape.embedding_width)
        return GlyphBranch(shape.classes, shape.max_length + 1, scales, widths)

    def _look(self, images: Tensor) -> GlyphPyramid:
        """The trunk's pyramid in training, where it may be left as it is."""
        if not self.is_trunk_fixed:
            return self.trunk.pyramid(images)
        self.trunk.eval()
        with torch.no_grad():
            return self.trunk.pyramid(images).detach()

    def _read_loss(
        self,
        pyramid: GlyphPyramid,
        fast: Tensor,
        targets: Sequence[Sequence[int]],
        weights: Tensor | None,
        masks: Tensor | None,
    ) -> Tensor:
        """All losses but the fast path's."""
        ask, shape = self.loss_weights, self.config
        sequence = self._read_along(pyramid.columns, fast)
        framed = frame_targets(targets, shape.classes, shape.max_length, sequence.device)
        steps = self.decoder(sequence, framed.context)
        counted = framed.usable if weights is None else framed.usable & (weights > 0)
        occupancy = _align(move_right(fast, self.config.lag_columns), targets, counted) if ask.guide else None
        loss = ask.recognition * token_loss(steps.logits, framed.answers, weights, self.label_smoothing)
        loss = loss + ask.guide * begin_loss(steps.attention, occupancy)
        if not ask.alignment and self.glyphs is None:
            return loss
        features = self.features_pyramid(pyramid, sequence)
        mask_logits = self.segmentation(features.middle, pyramid.fine)
        if masks is not None:
            known = masks if weights is None else masks.masked_fill((weights == 0)[:, None, None, None], MASKLESS)
            loss = loss + ask.segmentation * segmentation_loss(mask_logits, known)
        ink = (mask_logits > 0).float().detach()
        guide = GlyphGuide(steps.attention, ink, count_answers(framed), counted, occupancy)
        loss = loss + ask.alignment * alignment_loss(steps.attention, guide)
        if self.glyphs is None:
            return loss
        scene = GlyphScene(pyramid, features, sequence)
        return loss + self.glyphs.training_loss(scene, framed, guide, weights, self.label_smoothing).weigh(ask)


def move_right(columns: Tensor, steps: int) -> Tensor:
    """Columns (B, T, D) moved by some steps; the first one fills the gap, what leaves at the end is lost."""
    if steps <= 0:
        return columns
    return torch.cat([columns[:, :1].expand(-1, steps, -1), columns], dim=1)[:, : columns.shape[1]]


def _align(fast: Tensor, targets: Sequence[Sequence[int]], counted: Tensor) -> Tensor:
    """(B, L, T) where the fast path sees the characters of the samples that count."""
    with torch.no_grad():
        known = [text if counts else [] for text, counts in zip(targets, counted.tolist(), strict=True)]
        return compute_occupancy(fast.float().log_softmax(dim=-1), known)[0]


def build_siga_s(config: Mapping[str, Any]) -> SigaNetwork:
    """SIGA over the default recognizer's trunk; the card's `config` holds the settings of both."""
    own, rest = _split(config)
    return SigaNetwork(own, ConvPyramid(ConvAttentionCtcConfig(**rest)))


def build_siga_r(config: Mapping[str, Any]) -> SigaNetwork:
    """SIGA over the residual network of the paper, by default a smaller one; see `build_siga_s`."""
    own, rest = _split(config)
    return SigaNetwork(own, Resnet45(Resnet45Config(**rest)))


def build_siga_t(config: Mapping[str, Any]) -> SigaNetwork:
    """SIGA over a transformer of patches; see `build_siga_s`."""
    own, rest = _split(config)
    return SigaNetwork(own, VitPyramid(VitPyramidConfig(**rest)))


def _split(config: Mapping[str, Any]) -> tuple[SigaConfig, dict[str, Any]]:
    """Settings of the glyph branch, and those of the trunk (lists stand for tuples)."""
    names = {item.name for item in fields(SigaConfig)}
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    settings: dict[str, Any] = {key: value for key, value in values.items() if key in names}
    own = SigaConfig(**settings)
    return own, {key: value for key, value in values.items() if key not in names}


def end_after(logits: Tensor, steps: Tensor) -> Tensor:
    """Logits (B, S, K) in which each text ends after its own number of steps (B,), however long others are."""
    is_over = torch.arange(logits.shape[1], device=logits.device)[None] >= steps[:, None] - 1
    ends = torch.full_like(logits[:1, :1], CERTAINLY_NOT)
    ends[..., END] = 0.0
    return torch.where(is_over[:, :, None], ends, logits)


def _count_said(logits: Tensor) -> Tensor:
    """(B,) steps until a decoder has ended at both scales, its ends counted; logits (2 B, S, K)."""
    has_ended = (logits.argmax(dim=-1) == END).cumsum(dim=1) > 0
    steps = (~has_ended).sum(dim=1) + 1
    coarse, middle = steps.chunk(2)
    return torch.maximum(coarse, middle)


def count_read(logits: Tensor) -> Tensor:
    """(B,) characters of each best path of CTC logits."""
    ids = logits.argmax(dim=-1)
    begins = (ids[:, 1:] != ids[:, :-1]) & (ids[:, 1:] != 0)
    return begins.sum(dim=1) + (ids[:, 0] != 0)


def no_maps(images: Tensor) -> Tensor:
    """Glyph maps (B, 0, 16, W / 2) of a network that has none."""
    B, _, height, width = images.shape
    return images.new_zeros(B, 0, height // MAP_SIZE_DIVISOR, width // MAP_SIZE_DIVISOR)
