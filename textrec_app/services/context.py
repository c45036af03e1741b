"""The opened application: settings, store and the networks in use."""

import logging
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import torch

from models.calibration import WordCalibration
from models.weights import PRETRAINED_DIR
from storage import migrate
from storage.base import Store, create_store
from storage.calibrations import find_calibration
from storage.errors import StoreError
from storage.records import CheckpointRef
from textrec_app.errors import NotFoundError, TextRecError
from textrec_app.pipeline.detection import Detector
from textrec_app.pipeline.devices import pick_device
from textrec_app.pipeline.reader import Reader
from textrec_app.pipeline.recognition import Recognizer
from textrec_app.services.active_weights import ActiveWeights, find_active_weights, register_shipped
from textrec_app.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ActiveModels:
    """The networks that were in use at one moment; a promotion later does not change them.

    Attributes:
        reader: detects and recognizes; without a detector it reads single words only.
        recognizer: the reader's recognizer.
        checkpoint: what the recognizer was loaded from.
        calibration: turns evidence into a confidence, and a wished precision into a threshold on it; fitted from
            decisions where there are enough, else the card's.
    """

    reader: Reader
    recognizer: Recognizer
    checkpoint: CheckpointRef
    calibration: WordCalibration


class ModelHost:
    """Keeps the networks in use in memory and follows the store's pointers, also those moved by another process."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._device = str(pick_device(settings.device))
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    @property
    def device(self) -> str:
        """Where the networks run: `cpu` or `cuda`."""
        return self._device

    def get_active(self) -> ActiveModels:
        """The networks in use now; loads them when a pointer moved since the last call.

        Callers keep the answer for one picture or one batch, so that a promotion never mixes two versions in it.

        Raises:
            NotFoundError: no recognizer is in use.
            WeightsError: the weights are missing or altered.
        """
        with self._lock:
            recognizer = find_active_weights(self._store, self._settings, "recognizer")
            detector = find_active_weights(self._store, self._settings, "detector")
            if recognizer is None:
                raise NotFoundError(
                    "No recognizer is installed. Run `models pull`, or train one with `train recognizer`."
                )
            loaded = self._loaded
            if loaded is None or not loaded.is_of(recognizer, detector):
                loaded = self._load(recognizer, detector)
                self._loaded = loaded
            record = find_calibration(self._store, recognizer.sha256)
            if record is not None and record.calibration_id != loaded.calibration_id:
                calibration = WordCalibration.from_dict(record.data)
                loaded.models.recognizer.calibration = calibration
                loaded = loaded._replace(
                    models=replace(loaded.models, calibration=calibration), calibration_id=record.calibration_id
                )
                self._loaded = loaded
            return loaded.models

    def reader(self) -> Reader:
        """The reader of the networks in use now."""
        return self.get_active().reader

    def refresh(self) -> None:
        """Load at once what the pointers name now, so that the next reading need not wait for it."""
        self.get_active()

    def _load(self, recognizer: ActiveWeights, detector: ActiveWeights | None) -> "_Loaded":
        before = self._loaded
        if before is not None and before.recognizer_sha256 == recognizer.sha256:
            recognizer_network = before.models.recognizer
        else:
            recognizer_network = Recognizer.load(recognizer.path, self._device, self._settings.runtime)
        detector_network = (
            None if detector is None else Detector.load(detector.path, self._device, self._settings.runtime)
        )
        logger.info("reading with %s %s", recognizer.name, recognizer.version)
        models = ActiveModels(
            reader=Reader(detector_network, recognizer_network),
            recognizer=recognizer_network,
            checkpoint=CheckpointRef(recognizer.name, recognizer.version, recognizer.sha256),
            calibration=WordCalibration.from_dict(recognizer_network.card.calibration),
        )
        return _Loaded(recognizer.sha256, None if detector is None else detector.sha256, models)


class _Loaded(NamedTuple):
    recognizer_sha256: str
    detector_sha256: str | None
    models: ActiveModels
    calibration_id: int | None = None

    def is_of(self, recognizer: ActiveWeights, detector: ActiveWeights | None) -> bool:
        detector_sha256 = None if detector is None else detector.sha256
        return (self.recognizer_sha256, self.detector_sha256) == (recognizer.sha256, detector_sha256)


@dataclass(frozen=True)
class App:
    """Everything a service needs; every service function takes it first."""

    settings: Settings
    store: Store
    models: ModelHost

    def close(self) -> None:
        """Close the store's connections."""
        self.store.close()


def open_app(settings: Settings, shipped_dir: Path = PRETRAINED_DIR) -> App:
    """Open a data directory: create or upgrade its store (after a backup) and make the shipped weights known.

    Args:
        settings: where the data lie and how to run.
        shipped_dir: the weights that come with the program.

    Raises:
        TextRecError: the store was written by a newer TextRec, or cannot be upgraded.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if settings.cpu_threads is not None:
        torch.set_num_threads(settings.cpu_threads)
    try:
        migrate.upgrade(settings.store_url)
        store = create_store(settings.store_url, settings.pictures_dir)
    except StoreError as error:
        raise TextRecError(f"The store in {settings.data_dir} cannot be opened: {error}.") from error
    register_shipped(store, settings, shipped_dir)
    return App(settings, store, ModelHost(settings, store))
