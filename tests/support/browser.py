"""Pages in the system's Chromium, or in Playwright's own where there is none."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
READY = "body[data-textrec-ready]"
START_TIMEOUT_MS = 60_000


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless browser."""
    executable = next((path for name in SYSTEM_NAMES if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Browser, width_px: int = 1280) -> Iterator[Page]:
    """A page of its own; an error that its scripts do not catch fails the test."""
    context = browser.new_context(viewport={"width": width_px, "height": 900}, has_touch=width_px < 500)
    context.set_default_timeout(30_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        yield page
    finally:
        context.close()
    assert not errors, errors


def open_tab(page: Page, url: str, tab: str) -> None:
    """Load the page at one tab and wait until its buttons work."""
    page.goto(f"{url}/#{tab}")
    page.wait_for_selector(READY, timeout=START_TIMEOUT_MS)
    page.wait_for_selector(f'#textrec-tabs [role="tab"][aria-selected="true"]:has-text("{tab.capitalize()}")')


def reload_page(page: Page) -> None:
    """Reload and wait until the page works again."""
    page.reload()
    page.wait_for_selector(READY, timeout=START_TIMEOUT_MS)
