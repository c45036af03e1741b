"""Two views of a crop nobody labeled: a weak one for the teacher, a strong one for the student.

Neither moves a letter, so that windows and places of both views show the same.

Source:
    METHODS sections 6.4 (severity 1) and 9 (weak views of text); everything is drawn anew at each call.
"""

from collections.abc import Callable

import cv2
import numpy as np

from textrec_app.data.buckets import HEIGHT_PX

Paint = Callable[[np.ndarray, np.random.Generator], np.ndarray]

INVERTED_SHARE = 0.5
WEAK_SHARE = 0.5
PALETTE_SIDE_PX = 16
_LEVELS = np.arange(256, dtype=np.float32)


def fit_view(crop: np.ndarray, width: int) -> np.ndarray:
    """(H, W, 3) uint8 RGB resized to (32, width, 3)."""
    shrinks = crop.shape[0] > HEIGHT_PX or crop.shape[1] > width
    return cv2.resize(crop, (width, HEIGHT_PX), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def weak_view(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Half of the time a little darker or lighter, half of the time a little blurred; (32, W, 3) uint8."""
    if generator.random() < WEAK_SHARE:
        gain, shift = generator.uniform(0.9, 1.1), generator.normal(0.0, 6.0)
        image = cv2.LUT(image, _table(_LEVELS * gain + shift))
    if generator.random() < WEAK_SHARE:
        image = cv2.GaussianBlur(image, (0, 0), float(generator.uniform(0.2, 0.7)))
    return image


def strong_view(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Inverted half of the time, then one change of colour, one of sharpness, one of texture; (32, W, 3) uint8."""
    if generator.random() < INVERTED_SHARE:
        image = cv2.bitwise_not(image)
    for choices in (COLOURS, SHARPNESS, TEXTURES):
        image = choices[int(generator.integers(len(choices)))](image, generator)
    return image


def _shuffle(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    if generator.random() >= 0.35:
        return image
    return np.ascontiguousarray(image[:, :, generator.permutation(3)])


def _grey(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    alpha = float(generator.random())
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(grey, alpha, image, 1.0 - alpha, 0.0)


def _quantise(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Two to sixteen colours, found by k-means on a smaller picture."""
    colours = int(generator.integers(2, 17))
    small = cv2.resize(image, (2 * PALETTE_SIDE_PX, PALETTE_SIDE_PX), interpolation=cv2.INTER_AREA)
    pixels = small.reshape(-1, 3).astype(np.float32)
    cv2.setRNGSeed(int(generator.integers(2**31 - 1)))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 5, 1.0)
    _, _, palette = cv2.kmeans(pixels, colours, np.empty(0, np.int32), stop, 1, cv2.KMEANS_PP_CENTERS)
    flat = image.reshape(-1, 3).astype(np.float32)
    distance = (palette**2).sum(axis=1)[None] - 2.0 * flat @ palette.T
    return palette[distance.argmin(axis=1)].clip(0, 255).astype(np.uint8).reshape(image.shape)


def _equalise(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(image)])


def _drop_pixels(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    dropped = generator.random(image.shape[:2]) < generator.uniform(0.0, 0.2)
    return np.where(dropped[:, :, None], np.uint8(0), image)


def _gamma(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    exponent = float(np.exp(generator.uniform(np.log(0.5), np.log(2.0))))
    return cv2.LUT(image, _table(255.0 * (_LEVELS / 255.0) ** exponent))


def _brightness(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return cv2.LUT(image, _table(_LEVELS * generator.uniform(0.5, 1.5)))


def _hue(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    hue, saturation = generator.uniform(-50.0, 50.0, 2)
    values = cv2.cvtColor(image, cv2.COLOR_RGB2HSV).astype(np.float32)
    values[:, :, 0] = (values[:, :, 0] + hue * 180.0 / 255.0) % 180.0
    values[:, :, 1] = np.clip(values[:, :, 1] + saturation, 0.0, 255.0)
    return cv2.cvtColor(values.astype(np.uint8), cv2.COLOR_HSV2RGB)


def _temperature(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    kelvin = generator.uniform(1100.0, 10_000.0)
    gains = light_colour(float(kelvin))
    table = np.clip(_LEVELS[:, None] * gains[None], 0.0, 255.0).astype(np.uint8)
    return cv2.LUT(image, table[None])


def light_colour(kelvin: float) -> np.ndarray:
    """(3,) RGB in [0, 1] of a black body, 1000 to 40,000 K.

    Source:
        The common approximation of Mitchell Charity's table by logarithms and powers.
    """
    hundreds = kelvin / 100.0
    if hundreds <= 66:
        red, green = 255.0, 99.4708 * np.log(hundreds) - 161.1196
        blue = 0.0 if hundreds <= 19 else 138.5177 * np.log(hundreds - 10.0) - 305.0448
    else:
        red, green = 329.6987 * (hundreds - 60.0) ** -0.13320, 288.1222 * (hundreds - 60.0) ** -0.07551
        blue = 255.0
    return np.clip(np.array([red, green, blue], np.float32) / 255.0, 0.0, 1.0)


def _sharpen(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    soft = cv2.GaussianBlur(image, (0, 0), 1.0)
    amount = float(generator.uniform(0.0, 1.5))
    return cv2.addWeighted(image, 1.0 + amount, soft, -amount, 0.0)


def _blur(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    kind = int(generator.integers(4))
    if kind == 0:
        return cv2.GaussianBlur(image, (0, 0), float(generator.uniform(0.5, 1.5)))
    if kind == 1:
        size = int(generator.integers(2, 7))
        return cv2.blur(image, (size, size))
    if kind == 2:
        return cv2.medianBlur(image, int(generator.choice((3, 5, 7))))
    kernel = np.zeros((5, 5), np.float32)
    angle = generator.uniform(0.0, np.pi)
    for offset in np.linspace(-2.0, 2.0, 9):
        kernel[round(2 + offset * np.sin(angle)), round(2 + offset * np.cos(angle))] = 1.0
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def _emboss(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    strength, alpha = generator.uniform(0.5, 1.5), float(generator.random())
    kernel = np.array(
        [[-1 - strength, -strength, 0], [-strength, 1, strength], [0, strength, 1 + strength]], np.float32
    )
    return cv2.addWeighted(cv2.filter2D(image, -1, kernel), alpha, image, 1.0 - alpha, 0.0)


def _noise(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    noise = generator.standard_normal(image.shape, dtype=np.float32) * generator.uniform(0.0, 51.0)
    return np.clip(image + noise, 0.0, 255.0).astype(np.uint8)


def _impulses(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    chance = generator.random(image.shape[:2])
    struck = np.where(chance < 0.05, np.uint8(0), np.uint8(255))
    return np.where((chance < 0.1)[:, :, None], struck[:, :, None], image)


def _multiply(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    factors = generator.uniform(0.5, 1.5, image.shape[:2])[:, :, None]
    return np.clip(image * factors, 0.0, 255.0).astype(np.uint8)


def _table(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0.0, 255.0).astype(np.uint8)


COLOURS: tuple[Paint, ...] = (
    _shuffle,
    _grey,
    _quantise,
    _equalise,
    _drop_pixels,
    _gamma,
    _brightness,
    _hue,
    _temperature,
)
SHARPNESS: tuple[Paint, ...] = (_sharpen, _blur)
TEXTURES: tuple[Paint, ...] = (_emboss, _noise, _impulses, _multiply)
