"""Batched effects: pure functions of ink and seed whose masks and boxes stay true."""

from functools import lru_cache

import cv2
import numpy as np
import pytest
import torch

from tests.support.faces import find_some_fonts
from textrec_app.data.synthesis.backgrounds import load_backgrounds
from textrec_app.data.synthesis.ink_batches import InkBatch, InkSource, InkStyle
from textrec_app.data.synthesis.scene_texts import SceneTexts
from textrec_app.data.synthesis.texts import TextSource
from textrec_app.data.word_effects.colors import draw_color_pairs
from textrec_app.data.word_effects.compose import compose_words, place_characters
from textrec_app.data.word_effects.dice import Dice
from textrec_app.data.word_effects.geometry import choose_view
from textrec_app.data.word_effects.jpeg import lose_by_jpeg
from textrec_app.data.word_effects.natural import WordPainter
from textrec_app.data.word_effects.surfaces import PhotoBank

CPU = torch.device("cpu")


@lru_cache(maxsize=1)
def make_bank() -> PhotoBank:
    return PhotoBank(load_backgrounds(count=2), CPU)


def draw_inks(size: int, width_px: int = 128, style: InkStyle | None = None, seed: int = 0) -> InkBatch:
    source = InkSource(find_some_fonts(), SceneTexts(TextSource()), style)
    return source.draw_batch(np.random.default_rng([seed, width_px]), width_px, size)


@pytest.mark.parametrize(("size", "width_px", "height_px"), [(1, 64, 32), (3, 96, 40), (24, 160, 32)])
def test_crops_follow_from_ink_and_seed(size: int, width_px: int, height_px: int) -> None:
    batch = draw_inks(size, width_px)
    for seed in range(6):
        words = compose_words(batch, make_bank(), seed, height_px)
        assert words.images.shape == (size, 3, height_px, width_px * height_px // 32)
        assert words.images.dtype == words.masks.dtype == torch.uint8
        assert words.masks.shape == (size, 1, *words.images.shape[2:])
        again = compose_words(batch, make_bank(), seed, height_px)
        assert torch.equal(words.images, again.images)
        assert torch.equal(words.masks, again.masks)
    assert not torch.equal(words.images, compose_words(batch, make_bank(), 99, height_px).images)


def test_words_can_be_seen() -> None:
    words = compose_words(draw_inks(96), make_bank(), 5)
    spans = words.images.float().flatten(1)
    contrast = spans.quantile(0.97, 1) - spans.quantile(0.03, 1)
    assert (contrast > 20).float().mean() > 0.95
    covered = words.masks.float().mean((1, 2, 3))
    assert ((covered > 0.02) & (covered < 0.95)).float().mean() > 0.95


def test_masks_lie_within_the_boxes_of_the_characters() -> None:
    batch = draw_inks(32, style=InkStyle(bent=0.0))
    words = compose_words(batch, make_bank(), 1)
    for mask, quads in zip(words.masks[:, 0].numpy(), place_characters(batch, words.view), strict=True):
        allowed = np.zeros(mask.shape, np.uint8)
        for quad in quads.numpy():
            cv2.fillConvexPoly(allowed, np.rint(quad).astype(np.int32), 1)
        allowed = cv2.dilate(allowed, np.ones((9, 9), np.uint8))  # weight, outline and extrusion reach 4 px out
        assert not (mask & ~allowed & 1).any()


@pytest.mark.parametrize("bent", [0.0, 1.0])
def test_a_view_maps_ink_to_where_it_is_seen(bent: float) -> None:
    batch = draw_inks(12, 160, InkStyle(bent=bent, turned=1.0))
    view = choose_view(batch, (32, 160), Dice(3, CPU))
    dots = torch.zeros(12, 1, *batch.inks.shape[1:])
    left, top, right, bottom = batch.extents.T
    points = np.stack([left * 0.4 + right * 0.6, (top + bottom) / 2], -1).round()
    for row, (x, y) in enumerate(points.astype(int)):
        dots[row, 0, y - 1 : y + 2, x - 1 : x + 2] = 1
    seen = view.sample(dots)[:, 0]
    expected = view.to_crop(torch.from_numpy(points.astype(np.float32))[:, None])[:, 0]
    for spot, (x, y) in zip(seen, expected.tolist(), strict=True):
        rows, columns = torch.meshgrid(torch.arange(32.0), torch.arange(160.0), indexing="ij")
        center = ((spot * columns).sum() / spot.sum(), (spot * rows).sum() / spot.sum())
        assert center[0].item() == pytest.approx(x, abs=0.7)
        assert center[1].item() == pytest.approx(y, abs=0.7)


def test_jpeg_loses_what_libjpeg_loses() -> None:
    generator = np.random.default_rng(0)
    image = cv2.GaussianBlur(generator.integers(0, 256, (32, 64, 3), dtype=np.uint8), (0, 0), 2.0)
    tensor = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    for quality in (20, 50, 90):
        _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        expected = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].astype(np.float32)
        ours = lose_by_jpeg(tensor, torch.tensor([float(quality)]))[0].permute(1, 2, 0).numpy()
        assert np.abs(ours - expected).mean() < 1.5
    assert lose_by_jpeg(tensor[:0], torch.ones(0)).shape == (0, 3, 32, 64)


def test_colors_of_text_and_background_differ() -> None:
    ink, behind = draw_color_pairs(Dice(0, CPU), 500)
    assert ((ink - behind).abs().amax(1) > 20).all()
    assert ink.min() >= 0
    assert behind.max() <= 255


def test_dice_keep_shares_without_counting_on_the_device() -> None:
    dice = Dice(0, CPU)
    assert sum(len(dice.rows(3, 0.1)) for _ in range(2000)) == pytest.approx(600, abs=80)
    parts = dice.split(100, [0.5, 0.2, 0.3])
    assert sorted(torch.cat(parts).tolist()) == list(range(100))
    assert abs(len(parts[0]) - 50) <= 1


def test_the_painter_draws_every_word_once() -> None:
    painter = WordPainter(InkSource(find_some_fonts(), SceneTexts(TextSource())), make_bank())
    first, again = (list(painter.draw(60, (7, 1))) for _ in range(2))
    assert [text for _, text in first] == [text for _, text in again]
    assert all(np.array_equal(one, other) for (one, _), (other, _) in zip(first, again, strict=True))
    assert len(first) == 60
    assert all(image.shape[0] == 40 and image.shape[2] == 3 and image.dtype == np.uint8 for image, _ in first)
