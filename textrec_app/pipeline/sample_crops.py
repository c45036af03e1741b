"""The pixels of a labeled sample: its picture, or the word cut from its scene."""

import numpy as np

from textrec_app.data.samples import RecognitionSample
from textrec_app.pipeline.cropping import MARGIN_REL, crop_polygon
from textrec_app.pipeline.images import load_image


def load_sample_crop(sample: RecognitionSample, margin_rel: float = MARGIN_REL) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a sample; the margin is only for samples that are cut from a scene.

    Raises:
        InputError: the picture cannot be read.
    """
    picture = load_image(sample.source.read_bytes(), sample.name)
    return picture if sample.quad is None else crop_polygon(picture, sample.quad, margin_rel)
