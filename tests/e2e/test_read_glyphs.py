"""The word panel of a recognizer with a glyph branch, in a real browser against the real app with tiny loud weights."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, expect

from models.charset import PRINTABLE_ASCII
from models.registry import create_network
from models.weights import WeightCard, copy_weights, save_weights
from tests.support.app_server import AppServer
from tests.support.browser import open_tab
from tests.support.glyph_networks import PREPROCESSING, TINY_SIGA
from tests.support.hostile_text import HOSTILE, poison_answers
from tests.support.pictures import draw_word, to_png
from textrec_app.services.checkpoints import add_candidate, promote
from textrec_app.services.context import open_app
from textrec_app.settings import Settings

SEED = 20
LOUD = {"head.weight": 4.0, "glyphs.coarse.head.weight": 20.0, "glyphs.middle.head.weight": 20.0}
LOUD |= {"decoder.energy.weight": 20.0, "glyphs.decoder.energy.weight": 20.0}
PACKED = {"crop", "glyph", "kmeans", "glyph_attention", "characters", "implicit"}


def save_loud_siga(directory: Path) -> Path:
    """A tiny `siga_s` that reads a few characters of nonsense, with glyphs here and there and attention beside them."""
    generator = torch.Generator().manual_seed(SEED)
    tensors = create_network("siga_s", TINY_SIGA).state_dict()
    for name, tensor in tensors.items():
        if tensor.dtype == torch.float32 and "running" not in name:
            scale = 1.0 if tensor.ndim == 1 else (2.0 / max(tensor[0].numel(), 1)) ** 0.5
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * scale * LOUD.get(name, 1.0))
    tensors["head.bias"].zero_()
    tensors["head.bias"][0] = 3.0
    card = WeightCard("loud", "1", "recognizer", "siga_s", TINY_SIGA, PRINTABLE_ASCII, PREPROCESSING)
    return save_weights(directory, "loud", tensors, card)


@pytest.fixture(scope="module")
def siga_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The real app with those weights in use."""
    place = tmp_path_factory.mktemp("siga")
    opened = open_app(Settings(data_dir=place / "data", device="cpu"))
    weights = copy_weights(save_loud_siga(place), opened.settings.checkpoints_dir, "loud")
    add_candidate(opened, weights, "loud", "pulled", "test")
    promote(opened, "loud", "test", overrule=True, reread=False)
    opened.close()
    running = AppServer(place / "data")
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def word(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("word") / "word.png"
    path.write_bytes(to_png(draw_word("Hotel", size_px=64, seed=0)))
    return path


def choose_word(page: Page, server: AppServer, path: Path) -> None:
    """Read a picture as one word and open its detail."""
    open_tab(page, server.url, "read")
    page.locator("#read-is-word input").check()
    page.set_input_files("#read-picture input[type=file]", str(path))
    expect(page.locator('.tr-reading[data-state="full"]')).to_be_visible(timeout=60_000)
    page.locator(".tr-word").first.click()
    expect(page.locator('.tr-detail[data-state="full"]')).to_be_visible()


def test_a_word_shows_ink_glyphs_attention_and_both_readings(page: Page, siga_server: AppServer, word: Path) -> None:
    choose_word(page, siga_server, word)
    text = page.locator(".tr-detail-text").inner_text()
    assert len(text) >= 2
    assert page.locator(".tr-figure figcaption").all_inner_texts() == [
        "Crop",
        "Ink by brightness (k-means)",
        "Ink by the network",
    ]
    assert page.locator(".tr-heads .tr-badge").inner_text() in {"Both agree", "They differ"}
    assert [name.split()[0] for name in page.locator(".tr-head").all_inner_texts()] == ["Fast", "Glyph"]
    tiles = page.locator(".tr-character.has-colour")
    assert tiles.count() == len(text)
    colours = tiles.evaluate_all("tiles => tiles.map((tile) => tile.style.getPropertyValue('--tr-colour'))")
    assert len(set(colours)) == len(text)
    assert page.locator(".tr-drifts").count() == min(1, page.locator('.tr-character[data-drift="yes"]').count())
    unnamed = page.locator(".tr-detail img:not([alt])").count()
    assert unnamed == 0


def test_steps_follow_the_keyboard_and_a_character_is_seen_alone(
    page: Page, siga_server: AppServer, word: Path
) -> None:
    choose_word(page, siga_server, word)
    tiles, slider = page.locator(".tr-character"), page.get_by_role("slider", name="Step of the decoder")
    count = tiles.count()
    heat = page.locator(".tr-stages section").nth(1).locator(".tr-veil")
    first = heat.get_attribute("src")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(rf"2 of {count + 1}: "))
    expect(tiles.nth(1)).to_have_class(re.compile("is-step"))
    assert heat.get_attribute("src") != first
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", f"{count + 1} of {count + 1}: end of the word")
    page.get_by_role("button", name="Play").click()  # begins again from the first step
    expect(slider).to_have_value("2")
    page.get_by_role("button", name="Pause").click()

    tiles.nth(0).focus()
    page.keyboard.press("Enter")
    expect(tiles.nth(0)).to_have_attribute("aria-pressed", "true")
    expect(slider).to_have_value("1")
    veils = page.locator(".tr-stages section").nth(0).locator(".tr-veil")
    dimmed = veils.evaluate_all("veils => veils.map((veil) => veil.classList.contains('is-dimmed'))")
    assert dimmed == [index != 0 for index in range(count)]
    page.keyboard.press("Enter")
    expect(tiles.nth(0)).to_have_attribute("aria-pressed", "false")
    assert page.locator(".tr-veil.is-dimmed").count() == 0


def test_all_pictures_come_in_one_zip(page: Page, siga_server: AppServer, word: Path) -> None:
    choose_word(page, siga_server, word)
    with page.expect_download() as coming:
        page.get_by_role("button", name="Pictures (zip)").click()
    assert coming.value.suggested_filename == "word-001.zip"
    with zipfile.ZipFile(io.BytesIO(Path(coming.value.path()).read_bytes())) as archive:
        assert set(archive.namelist()) == {f"{name}.png" for name in PACKED} | {"word.json"}
        told = json.loads(archive.read("word.json"))
    assert told["text"] == page.locator(".tr-detail-text").inner_text()
    assert set(told["readings"]) == {"fast", "glyph"}
    expect(page.locator("#read-package [role=status]")).to_have_text("word-001.zip saved.")


def test_hostile_text_of_either_head_stays_text(page: Page, siga_server: AppServer, word: Path) -> None:
    poison_answers(page, "text", "drift")
    choose_word(page, siga_server, word)
    for place in (".tr-detail-text", ".tr-head-text", ".tr-rail-mark", ".tr-drifts li", ".tr-glyph"):
        expect(page.locator(place).first).to_have_text(HOSTILE)
    assert page.locator('.tr-character[data-drift="yes"]').count() == page.locator(".tr-character").count()
    assert page.evaluate("window.hostile") is None
    assert page.locator(".tr-detail img[src=x]").count() == 0


def test_a_telephone_needs_no_sideways_scrolling(narrow_page: Page, siga_server: AppServer, word: Path) -> None:
    choose_word(narrow_page, siga_server, word)
    narrow_page.wait_for_timeout(300)
    assert narrow_page.evaluate("document.documentElement.scrollWidth") <= 390
    sides = narrow_page.locator(".tr-detail *").evaluate_all(
        "nodes => Math.max(...nodes.map((node) => node.getBoundingClientRect().right))"
    )
    assert sides <= 390
