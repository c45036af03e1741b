"""Files that are no pictures, in a real browser: their name and the reason, and the rest of the batch goes on."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.app_server import AppServer
from tests.support.browser import open_tab

HOSTILE_NAME = "<img src=x onerror=window.hostile=1>.txt"
DROP = """([place, name, type]) => {
    const carried = new DataTransfer();
    carried.items.add(new File(["no picture"], name, { type }));
    const target = document.querySelector(place);
    for (const step of ["dragenter", "dragover", "drop"])
        target.dispatchEvent(new DragEvent(step, { dataTransfer: carried, bubbles: true, cancelable: true }));
}"""


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("notes.txt", "text/plain", "notes.txt is a text file, not a picture. Use JPEG, PNG"),
        ("bill.pdf", "application/pdf", "bill.pdf is a PDF, not a picture."),
        (HOSTILE_NAME, "application/x-other", f"{HOSTILE_NAME} is no picture."),
    ],
)
def test_read_says_which_file_is_no_picture_and_why(
    page: Page, server: AppServer, tmp_path: Path, name: str, kind: str, told: str
) -> None:
    open_tab(page, server.url, "read")
    page.evaluate(DROP, ["#read-picture button", name, kind])
    expect(page.locator(".tr-toast").last).to_contain_text(told)
    assert page.get_by_text("Invalid file type").count() == 0
    assert page.evaluate("window.hostile") is None


def test_a_chosen_file_that_is_no_picture_is_named_and_the_next_picture_is_read(
    page: Page, server: AppServer, scene: Path, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("no picture")
    open_tab(page, server.url, "read")
    page.set_input_files("#read-picture input[type=file]", str(notes))
    expect(page.locator(".tr-toast").last).to_contain_text("notes.txt is a text file, not a picture.")
    page.set_input_files("#read-picture input[type=file]", str(scene))
    expect(page.locator('.tr-reading[data-state="full"]')).to_be_visible(timeout=60_000)


def test_harvest_names_the_file_that_is_no_picture_and_goes_on(page: Page, server: AppServer, tmp_path: Path) -> None:
    notes, empty = tmp_path / "notes.txt", tmp_path / "empty.png"
    notes.write_text("no picture")
    empty.write_bytes(b"")
    open_tab(page, server.url, "harvest")
    page.set_input_files("#harvest-files input[type=file]", [str(notes), str(empty)])
    expect(page.locator("#harvest-files")).to_contain_text("notes")
    page.click("#harvest-start")
    expect(page.locator(".tr-progress-line")).to_contain_text("2 failed", timeout=60_000)
    rows = page.locator(".tr-harvest tbody tr")
    expect(rows.filter(has_text="notes.txt is not a picture")).to_have_count(1)
    expect(rows.filter(has_text="empty.png is empty")).to_have_count(1)


def test_a_long_word_list_shows_its_scroll_bar(page: Page, server: AppServer) -> None:
    open_tab(page, server.url, "read")
    page.get_by_text("Prefer words of a list").click()
    field = page.locator("#read-lexicon textarea")
    field.fill("\n".join(f"word{index}" for index in range(60)))
    assert field.evaluate("field => field.scrollHeight > field.clientHeight + 20")
    assert field.evaluate("field => getComputedStyle(field, '::-webkit-scrollbar').display") == "block"
    assert field.evaluate("field => getComputedStyle(field).scrollbarWidth") == "auto"
