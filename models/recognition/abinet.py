"""ABINet on the shared trunk: see, ask the language, weigh both, three times over.

Source:
    Fang et al., CVPR 2021 (2103.06495); METHODS section 5 with its corrections. Where this differs: a CTC head is the
    fast path; the language model is never asked about an impossible length; any number of iterations learns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from models.glyph.loss_weights import GlyphLossWeights
from models.glyph.losses.token_loss import token_loss
from models.language.cloze_model import ClozeConfig, ClozeModel, count_steps
from models.recognition.abinet_vision import PositionAttention
from models.recognition.conv_attention_ctc import ConvAttentionCtcConfig, ConvTrunk
from models.recognition.ctc import DecodedText, compute_ctc_loss
from models.recognition.glyph_network import GlyphExplanation, GlyphNetwork, GlyphReading
from models.recognition.siga import count_read, end_after, move_right, no_maps
from models.recognition.text_network import ColumnFeatures
from models.tokenizers import frame_targets

Modality = Literal["vision", "language", "fusion"]
SPARE_STEPS = 2  # the fused reading may say so many characters more than the fast path


@dataclass(frozen=True)
class AbinetConfig:
    """Shape of what stands on the trunk.

    Attributes:
        classes: characters plus one for the blank or end (class 0).
        max_length: characters of the longest text that is read by places; one step more is its end.
        iterations: how often the language is asked and weighed against what was seen.
        key_width: channels of the small U-Net that makes keys.
        language_width, language_depth, language_heads: of the language model, see `ClozeConfig`.
        lag_columns: by how many columns the fast path speaks before the middle of a letter, see `SigaConfig`.
    """

    classes: int = 96
    max_length: int = 25
    iterations: int = 3
    key_width: int = 64
    language_width: int = 192
    language_depth: int = 4
    language_heads: int = 6
    lag_columns: int = 2


class TrunkView(NamedTuple):
    """What the trunk makes of crops.

    Attributes:
        middle: (B, C, 4, T) of its middle stage.
        columns: (B, T, D), normalised.
    """

    middle: Tensor
    columns: Tensor


class AbinetSteps(NamedTuple):
    """What each modality says of a batch; class 0 is the end, what follows an end means nothing.

    Attributes:
        fast: (B, T, K) of the CTC head; class 0 is the blank.
        vision: (B, S, K).
        language, fusion: one (B, S, K) for each iteration.
        attention: (B, S, R, T) where each place looked, sums to 1.
        grid: (B, D, R, T) features that were looked at.
    """

    fast: Tensor
    vision: Tensor
    language: tuple[Tensor, ...]
    fusion: tuple[Tensor, ...]
    attention: Tensor
    grid: Tensor

    def part(self, first: int, last: int) -> "AbinetSteps":
        """The same of some crops of the batch."""
        language = tuple(logits[first:last] for logits in self.language)
        fusion = tuple(logits[first:last] for logits in self.fusion)
        return AbinetSteps(
            self.fast[first:last],
            self.vision[first:last],
            language,
            fusion,
            self.attention[first:last],
            self.grid[first:last],
        )

    def of(self, modality: Modality) -> tuple[Tensor, ...]:
        """The logits of a modality, one for each iteration."""
        return {"vision": (self.vision,), "language": self.language, "fusion": self.fusion}[modality]


class LanguageFusion(nn.Module):
    """g = sigmoid(W [l; v]), f = g v + (1 - g) l."""

    def __init__(self, width: int, language_width: int) -> None:
        super().__init__()
        self.project = nn.Linear(language_width, width)
        self.gate = nn.Linear(2 * width, width)

    def forward(self, seen: Tensor, expected: Tensor) -> Tensor:
        """(B, S, D) of the vision model and (B, S, D') of the language model to (B, S, D)."""
        said = self.project(expected)
        share = torch.sigmoid(self.gate(torch.cat([said, seen], dim=-1)))
        fused: Tensor = share * seen + (1.0 - share) * said
        return fused


class AbinetNetwork(GlyphNetwork):
    """Trunk, fast path, position attention, language model, fusion; it has no glyph maps.

    Attributes:
        config: what stands on the trunk, whose own settings are `trunk_config`.
    """

    def __init__(self, config: AbinetConfig, trunk_config: ConvAttentionCtcConfig) -> None:
        super().__init__()
        self.config, self.trunk_config, self.trunk = config, trunk_config, ConvTrunk(trunk_config)
        self.max_length, self.loss_weights, self.is_trunk_fixed = config.max_length, GlyphLossWeights(), False
        _, _, middle, width = trunk_config.widths
        self.head = nn.Linear(width, config.classes)
        self.rows = nn.Conv2d(middle, width, 1)
        nn.init.zeros_(self.rows.weight)  # begins as the columns alone, on which a fast path can read already
        self.position = PositionAttention(width, config.key_width, config.max_length + 1)
        self.vision_head = nn.Linear(width, config.classes)
        self.language = ClozeModel(
            ClozeConfig(
                classes=config.classes,
                width=config.language_width,
                depth=config.language_depth,
                heads=config.language_heads,
                max_length=config.max_length,
            )
        )
        self.fusion = LanguageFusion(width, config.language_width)
        self.fusion_head = nn.Linear(width, config.classes)

    def forward(
        self,
        images: Tensor,
        targets: Sequence[Sequence[int]] | None = None,
        weights: Tensor | None = None,
        masks: Tensor | None = None,
    ) -> Tensor:
        """The fast path's logits (B, W / 4, K), or the training loss; `masks` teach nothing here."""
        if targets is None:
            logits: Tensor = self.head(self.look(images).columns)
            return logits
        steps = min(max((len(text) for text in targets), default=0), self.max_length) + 1
        return self.supervised_loss(self.analyse(images, steps), targets, weights)

    def analyse(self, images: Tensor, steps: int | None = None) -> AbinetSteps:
        """What every modality says.

        Args:
            images: as in `forward`.
            steps: S, places that are asked for; None for all max_length + 1.
        """
        return self.conclude(self.look(images), min(steps or self.max_length + 1, self.max_length + 1))

    def supervised_loss(
        self, steps: AbinetSteps, targets: Sequence[Sequence[int]], weights: Tensor | None = None
    ) -> Tensor:
        """Cross-entropies of vision, language and fusion, mean over the iterations, and the fast path's CTC loss.

        Args:
            steps: of `analyse`, for as many steps as the longest usable text has with its end, or more.
            targets: B lists of class ids; a text over `max_length` teaches the fast path alone.
            weights: (B,) weight of each sample, or None for equal ones.
        """
        framed = frame_targets(targets, self.config.classes, self.max_length, steps.vision.device)
        loss = steps.vision.new_zeros(())
        for modality in ("vision", "language", "fusion"):
            said = steps.of(modality)
            many = framed.answers.repeat(len(said), 1)
            own = None if weights is None else weights.repeat(len(said))
            loss = loss + token_loss(torch.cat(said), many, own, self.label_smoothing)
        loss = self.loss_weights.recognition * loss
        if self.is_trunk_fixed:
            return loss
        return loss + self.loss_weights.fast * compute_ctc_loss(steps.fast, targets, weights, self.label_smoothing)

    def read(self, images: Tensor) -> GlyphReading:
        """See `GlyphNetwork.read`; without glyph maps."""
        view = self.look(images)
        own = self.count_own(view)
        steps = self.conclude(view, int(own.max()) if len(own) else 1, own)
        return GlyphReading(steps.fast, steps.fusion[-1], steps.attention.sum(dim=2), no_maps(images))

    def count_own(self, view: TrunkView) -> Tensor:
        """(B,) places to ask for, by what the fast path reads."""
        return (count_read(self.head(view.columns)) + 1 + SPARE_STEPS).clamp(max=self.max_length + 1)

    def explain(self, images: Tensor, targets: Sequence[Sequence[int]]) -> GlyphExplanation:
        """See `GlyphNetwork.explain`; places do not depend on the texts, and of ink nothing is known (0 everywhere)."""
        longest = max((len(text) for text in targets), default=0)
        steps = self.analyse(images, min(longest, self.max_length) + 1)
        mask = images.new_zeros(len(images), 1, *images.shape[2:])
        return GlyphExplanation(mask, steps.attention.sum(dim=2), no_maps(images))

    def features(self, images: Tensor) -> ColumnFeatures:
        """See `TextNetwork.features`."""
        return self.trunk.features(images)

    def character_maps(self, image: Tensor, decoded: DecodedText) -> Tensor:
        """Where the position attention looked for each character."""
        count = min(len(decoded.text), self.max_length)
        return self.analyse(image, count + 1).attention[0, :count].float()

    def conclude(self, view: TrunkView, count: int, own: Tensor | None = None) -> AbinetSteps:
        """See, then ask the language of what is believed so far and weigh both, over and over.

        Args:
            count: S, places that are asked for.
            own: (B,) steps after which each text ends at the latest, so that a text reads the same beside longer ones.
        """
        fast: Tensor = self.head(view.columns)
        lag = self.config.lag_columns  # what the fast path says is moved to where the letters are
        grid = self.rows(view.middle) + move_right(view.columns, lag).transpose(1, 2)[:, :, None]
        seen = self.position(grid, move_right(fast.detach(), lag), count)
        vision = _ended(self.vision_head(seen.features), own)
        believed, language, fusion = vision, [], []
        for _ in range(self.config.iterations):
            expected = self.language(believed.detach().float().softmax(dim=-1), count_steps(believed.detach()))
            language.append(expected.logits)
            believed = _ended(self.fusion_head(self.fusion(seen.features, expected.features)), own)
            fusion.append(believed)
        return AbinetSteps(fast, vision, tuple(language), tuple(fusion), seen.attention, grid)

    def begin_from_fast_path(self) -> None:
        """Let vision and fusion begin with the classes of a fast path that can read; its blank begins their end."""
        self.vision_head.load_state_dict(self.head.state_dict())
        self.fusion_head.load_state_dict(self.head.state_dict())

    def look(self, images: Tensor) -> TrunkView:
        """What the trunk makes of crops (B, 3, 32, W); in training it may be left as it is, its norms too."""
        if not (self.is_trunk_fixed and self.training):
            return self.look_on(self._middle(images))
        self.trunk.eval()
        with torch.no_grad():
            return self.look_on(self._middle(images))

    def look_on(self, middle: Tensor) -> TrunkView:
        """What the upper half of the trunk makes of its middle stage (B, C, 4, T)."""
        return TrunkView(middle, self.trunk.norm(self.trunk.merge(middle).columns))

    def _middle(self, images: Tensor) -> Tensor:
        middle: Tensor = self.trunk.middle(self.trunk.to_middle(self.trunk.places(images)))
        return middle


def build_abinet_s(config: Mapping[str, Any]) -> AbinetNetwork:
    """ABINet over the default recognizer's trunk; the card's `config` holds the settings of both."""
    names = {item.name for item in fields(AbinetConfig)}
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    own: dict[str, Any] = {key: value for key, value in values.items() if key in names}
    rest: dict[str, Any] = {key: value for key, value in values.items() if key not in names}
    return AbinetNetwork(AbinetConfig(**own), ConvAttentionCtcConfig(**rest))


def _ended(logits: Tensor, own: Tensor | None) -> Tensor:
    return logits if own is None else end_after(logits, own)
