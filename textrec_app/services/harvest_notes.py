"""How far a harvest of the page has got, beside the store, so that a page opened later can tell that one stopped."""

import json
from dataclasses import asdict, dataclass

from textrec_app.services.context import App

NOTE_FILE = "harvest.json"


@dataclass(frozen=True)
class HarvestNote:
    """A harvest that has not reached its end.

    Attributes:
        done: files read, skipped or failed, of `total`.
        stopped: it is known that nobody goes on with it.
    """

    done: int
    total: int
    who: str
    stopped: bool = False


def write_note(app: App, note: HarvestNote) -> None:
    """Write down how far the harvest is."""
    path = app.settings.data_dir / NOTE_FILE
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(asdict(note)), encoding="utf-8")
    draft.replace(path)


def clear_note(app: App) -> None:
    """The harvest has reached its end."""
    (app.settings.data_dir / NOTE_FILE).unlink(missing_ok=True)


def find_note(app: App) -> HarvestNote | None:
    """The harvest that has not reached its end, if there is one."""
    try:
        return HarvestNote(**json.loads((app.settings.data_dir / NOTE_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
