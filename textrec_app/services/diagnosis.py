"""What this installation is made of, what is wrong with it, and what to do about that."""

import os
import platform
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

import torch

from models.weights import PRETRAINED_DIR, compute_sha256, load_card
from textrec_app.errors import USER_ERRORS, InputError, TextRecError, WeightsError
from textrec_app.pipeline.devices import pick_device
from textrec_app.services.active_weights import TASKS
from textrec_app.services.checkpoints import check_weights, get_active, get_record
from textrec_app.services.context import App, open_app
from textrec_app.services.reviewing import review_counts
from textrec_app.settings import Settings

PACKAGES = ("torch", "torchvision", "gradio", "numpy", "pillow", "opencv-python-headless", "sqlalchemy", "safetensors")
LOW_DISK_BYTES = 2_000_000_000
HUB_TIMEOUT_S = 4.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        state: "ok", "note" (works, but worth knowing) or "fail".
        advice: what to do; empty where nothing need be done.
    """

    name: str
    state: str
    value: str
    advice: str = ""


def diagnose(settings: Settings, with_hub: bool = True) -> Iterator[Finding]:
    """Look at versions, device, weights, store, disk and Hub, one after the other."""
    yield from _check_versions()
    yield _check_device(settings)
    yield from _check_shipped()
    yield from _check_store(settings)
    yield _check_disk(settings)
    yield _check_access(settings)
    if with_hub:
        yield _check_hub()


def _check_versions() -> Iterator[Finding]:
    version = platform.python_version()
    supported = sys.version_info >= (3, 11)
    yield Finding("python", "ok" if supported else "fail", version, "" if supported else "Use Python 3.11 or 3.12.")
    missing = [name for name in PACKAGES if _find_version(name) is None]
    found = ", ".join(f"{name} {_find_version(name)}" for name in PACKAGES if name not in missing)
    advice = f"Install {', '.join(missing)}: pip install -r requirements.txt." if missing else ""
    yield Finding("packages", "fail" if missing else "ok", found, advice)


def _find_version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _check_device(settings: Settings) -> Finding:
    try:
        device = pick_device(settings.device).type
    except InputError as error:
        return Finding("device", "fail", settings.device, str(error))
    if device == "cuda":
        return Finding("device", "ok", f"{device}: {torch.cuda.get_device_name()}")
    return Finding("device", "ok", f"{device}, {torch.get_num_threads()} threads of {os.cpu_count()} processors")


def _check_shipped() -> Iterator[Finding]:
    for task in TASKS:
        path = PRETRAINED_DIR / f"{task}.safetensors"
        if path.is_file():
            yield _guarded(f"shipped {task}", partial(_describe_shipped, path))
        else:
            yield Finding(f"shipped {task}", "fail", "missing", "Fetch the repository again, its weights included.")


def _describe_shipped(path: Path) -> Finding:
    card = load_card(path)
    if compute_sha256(path) != card.sha256:
        raise WeightsError(f"{path.name} does not have the SHA-256 that its card states")
    size = path.stat().st_size / 1e6
    return Finding(f"shipped {card.task}", "ok", f"version {card.version}, {size:.1f} MB, sha256 {card.sha256[:12]}")


def _check_store(settings: Settings) -> Iterator[Finding]:
    try:
        app = open_app(settings)
    except (TextRecError, OSError) as error:
        yield Finding("store", "fail", str(error), "Check TEXTREC_DATA_DIR and TEXTREC_DATABASE_URL.")
        return
    try:
        counts = review_counts(app)
        told = ", ".join(f"{count} {status}" for status, count in counts.items() if count and status != "all")
        yield Finding("store", "ok", f"{settings.store_url}: {told or 'no words yet'}")
        for task in TASKS:
            yield _guarded(f"{task} in use", partial(_describe_active, app, task))
    finally:
        app.close()


def _describe_active(app: App, task: str) -> Finding:
    active = get_active(app, task)
    check_weights(app, get_record(app, active.name))
    return Finding(f"{task} in use", "ok", f"{active.name}@{active.version}, sha256 {active.sha256[:12]}")


def _guarded(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except USER_ERRORS as error:
        return Finding(name, "fail", str(error), "Fetch the repository again, or promote another checkpoint.")


def _check_disk(settings: Settings) -> Finding:
    folder = settings.data_dir.resolve()
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return Finding("disk", "fail", f"{folder} cannot be written", "Set TEXTREC_DATA_DIR to a folder of yours.")
    free = shutil.disk_usage(folder).free
    value = f"{free / 1e9:.1f} GB free in {folder}"
    if free < LOW_DISK_BYTES:
        return Finding("disk", "note", value, "Make room before you harvest or retrain.")
    return Finding("disk", "ok", value)


def _check_access(settings: Settings) -> Finding:
    if settings.lock_out:
        return Finding("access", "note", "nobody may change anything", settings.lock_out)
    if settings.admin_users:
        return Finding("access", "ok", f"{', '.join(settings.admin_users)} may change things")
    who = "who logs in" if settings.is_space else "everybody who reaches the page"
    return Finding("access", "ok", f"{who} may change things")


def _check_hub() -> Finding:
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    request = urllib.request.Request(address, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=HUB_TIMEOUT_S) as answer:
            return Finding("hub", "ok", f"{address} answers {answer.status}")
    except urllib.error.HTTPError as error:
        return Finding("hub", "ok", f"{address} answers {error.code}")
    except (OSError, ValueError) as error:
        advice = "Only `models pull` and `models push` need it; everything else works without."
        return Finding("hub", "note", f"{address} cannot be reached ({error})", advice)
