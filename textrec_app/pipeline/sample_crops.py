"""The pixels of a labeled sample: its picture, or the word cut from its scene."""

import numpy as np

from textrec_app.data.samples import RecognitionSample
from textrec_app.errors import InputError
from textrec_app.pipeline.cropping import MARGIN_REL, crop_polygon
from textrec_app.pipeline.images import load_image


def load_sample_crop(sample: RecognitionSample, margin_rel: float = MARGIN_REL) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a sample; the margin is only for samples that are cut from a scene.

    Raises:
        InputError: it is missing or no picture.
    """
    try:
        data = sample.source.read_bytes()
    except OSError as error:
        raise InputError(f"{sample.name} cannot be opened ({error.strerror}). Copy the data set again.") from None
    picture = load_image(data, sample.name)
    return picture if sample.quad is None else crop_polygon(picture, sample.quad, margin_rel)
