"""From ink to crops: one pure function of ink and seed, alike on every device."""

from dataclasses import dataclass

import torch
from torch import Tensor

from textrec_app.data.buckets import HEIGHT_PX
from textrec_app.data.synthesis.ink_batches import InkBatch
from textrec_app.data.word_effects.camera import photograph
from textrec_app.data.word_effects.colors import draw_color_pairs
from textrec_app.data.word_effects.dice import Dice
from textrec_app.data.word_effects.geometry import View, choose_view
from textrec_app.data.word_effects.lettering import OVERSAMPLING, lay_letters, shape_letters
from textrec_app.data.word_effects.obstacles import add_neighbours, add_obstacles
from textrec_app.data.word_effects.surfaces import PhotoBank, paint_surfaces


@dataclass(frozen=True, slots=True)
class ComposedWords:
    """Crops of one size.

    Attributes:
        images: (B, 3, H, W) uint8 RGB.
        masks: (B, 1, H, W) uint8, 1 where the ink of the text (outlines included) lies, as seen by a sharp lens.
        view: maps canvas pixels to crop pixels, for character boxes.
        coverage: (B, 1, H, W) float32, how much of each pixel that ink covers, 0 to 1.
    """

    images: Tensor
    masks: Tensor
    view: View
    coverage: Tensor


def compose_words(batch: InkBatch, bank: PhotoBank, seed: int, height_px: int = HEIGHT_PX) -> ComposedWords:
    """Distort, colour, blend and photograph a batch of ink on the bank's device.

    Args:
        batch: B words for crops of one width.
        bank: what may lie behind them.
        seed: the same ink, seed and kind of device give the same crops.
        height_px: of the crops; the batch's width is meant for 32 px and grows alike.
    """
    device = bank.pixels.device
    dice = Dice(seed, device)
    size_hw = (height_px, round(batch.width_px * height_px / HEIGHT_PX))
    with torch.no_grad():
        inks = torch.from_numpy(batch.inks).to(device)[:, None].float().div_(255)
        view = choose_view(batch, size_hw, dice)
        colors, behind = draw_color_pairs(dice, len(batch))
        letters = shape_letters(view.sample(inks, OVERSAMPLING), colors, bank, dice)
        surfaces = add_neighbours(paint_surfaces(behind, size_hw, bank, dice), inks, view, colors, dice)
        images = add_obstacles(lay_letters(surfaces, letters, dice), dice)
        images = photograph(images, dice).round().to(torch.uint8)
    return ComposedWords(images, letters.mask(), view, letters.coverage())


def place_characters(batch: InkBatch, view: View) -> list[Tensor]:
    """Corners of each character in its crop: B tensors (n, 4, 2) in pixels, clockwise from the top-left.

    On an arc the corners are exact while the upper side bulges between them.
    """
    most = max((len(boxes) for boxes in batch.boxes), default=0)
    corners = torch.zeros(len(batch), max(most, 1) * 4, 2)
    for index, boxes in enumerate(batch.boxes):
        quads = torch.from_numpy(boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2))
        corners[index, : len(quads)] = quads
    seen = view.to_crop(corners.to(view.frames.device))
    return [seen[index, : 4 * len(boxes)].view(-1, 4, 2) for index, boxes in enumerate(batch.boxes)]
