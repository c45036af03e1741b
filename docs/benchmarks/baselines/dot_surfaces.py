"""Surfaces of packages, drawn: carton, film, metal, printed artwork, dark plastic, egg shell; and light on them."""

import cv2
import numpy as np

SURFACES = ("carton", "kraft", "film", "metal", "artwork", "dark", "shell")


def draw_surface(kind: str, size_hw: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    """Draw a piece of package without print on it.

    Args:
        kind: one of `SURFACES`.

    Returns:
        (H, W, 3) float32 in [0, 255], RGB.

    Raises:
        KeyError: there is no such surface.
    """
    makers = {
        "carton": _draw_carton,
        "kraft": _draw_kraft,
        "film": _draw_film,
        "metal": _draw_metal,
        "artwork": _draw_artwork,
        "dark": _draw_dark,
        "shell": _draw_shell,
    }
    return makers[kind](size_hw, generator).clip(0, 255).astype(np.float32)


def make_noise(size_hw: tuple[int, int], grain_px: float, generator: np.random.Generator) -> np.ndarray:
    """Smooth random hills of about this grain: (H, W) float32, mean 0, deviation 1."""
    height, width = size_hw
    small = (max(2, round(height / grain_px) + 2), max(2, round(width / grain_px) + 2))
    hills = cv2.resize(generator.normal(size=small).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return (hills - hills.mean()) / (hills.std() + 1e-6)


def add_light(image: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Uneven light, and now and then a glare that washes out what lies under it; strength in [0, 1]."""
    height, width = image.shape[:2]
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    slopes = generator.normal(0, 0.16 * strength, 2)
    image = image * (1 + slopes[0] * across + slopes[1] * down)[..., None]
    if generator.random() < 0.35 * strength:
        x0, y0, angle = generator.uniform(-1, 1), generator.uniform(-1.2, 1.2), generator.uniform(0, np.pi)
        along = (across - x0) * np.cos(angle) * width / height + (down - y0) * np.sin(angle)
        beyond = -(across - x0) * np.sin(angle) * width / height + (down - y0) * np.cos(angle)
        spread = generator.uniform(0.3, 1.0), generator.uniform(1.0, 5.0)
        glare = np.exp(-((along / spread[0]) ** 2) - (beyond / spread[1]) ** 2) * generator.uniform(0.25, 0.7)
        image = image + (255 - image) * glare[..., None].astype(np.float32)
    return image


def _fill(size_hw: tuple[int, int], color: np.ndarray) -> np.ndarray:
    return np.ones((*size_hw, 3), np.float32) * color.astype(np.float32)


def _draw_carton(size_hw: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    paper = _fill(size_hw, generator.uniform(185, 245) + generator.normal(0, 5, 3))
    fibres = make_noise(size_hw, 2.5, generator) * 2.5 + make_noise(size_hw, 14, generator) * 2
    return paper + fibres[..., None]


def _draw_kraft(size_hw: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    paper = _fill(size_hw, np.array([186, 146, 104]) * generator.uniform(0.75, 1.15))
    fibres = make_noise(size_hw, 1.5, generator) * 4 + make_noise(size_hw, 9, generator) * 4
    if generator.random() < 0.5:  # the waves of corrugated board show through
        phase, wave = generator.uniform(0, 6.3), generator.uniform(9, 22)
        fibres = fibres + 5 * np.sin(phase + np.arange(size_hw[1]) * 2 * np.pi / wave)[None, :]
    return paper + fibres[..., None].astype(np.float32)


def _draw_film(size_hw: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    color = generator.uniform(130, 240) + generator.normal(0, 16, 3)
    film = _fill(size_hw, color) + (make_noise(size_hw, 30, generator) * 9)[..., None]
    for _ in range(int(generator.integers(1, 6))):  # wrinkles: a light and a dark flank
        ends = [(int(generator.integers(0, size_hw[1])), int(edge)) for edge in (-5, size_hw[0] + 5)]
        wrinkle = np.zeros(size_hw, np.float32)
        cv2.line(wrinkle, ends[0], ends[1], 1.0, int(generator.integers(1, 4)), cv2.LINE_AA)
        wrinkle = cv2.GaussianBlur(wrinkle, (0, 0), generator.uniform(1.0, 3.5))
        film += ((wrinkle - np.roll(wrinkle, 3, axis=1)) * generator.uniform(30, 100))[..., None]
    return film


def _draw_metal(size_hw: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    tint = np.array([1.0, 1.0, 1.02]) if generator.random() < 0.7 else np.array([1.08, 0.97, 0.74])
    metal = _fill(size_hw, tint * generator.uniform(125, 205))
    brushed = cv2.resize(make_noise((size_hw[0], 8), 1.2, generator), size_hw[::-1], interpolation=cv2.INTER_LINEAR)
    bands = make_noise((8, size_hw[1]), max(20, size_hw[1] / 5), generator)[:1]
    return metal + (brushed * generator.uniform(2, 9) + bands * generator.uniform(8, 26))[..., None]


def _draw_artwork(size_hw: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    height, width = size_hw
    art = _fill(size_hw, generator.uniform(150, 245) + generator.normal(0, 28, 3))
    for _ in range(int(generator.integers(1, 5))):
        color = art[0, 0] + generator.normal(0, 24, 3)
        x, y = int(generator.integers(0, width)), int(generator.integers(0, height))
        if generator.random() < 0.5:
            cv2.circle(art, (x, y), int(generator.integers(height // 3, height * 2)), color.tolist(), -1, cv2.LINE_AA)
        else:
            far = (int(x + generator.normal(0, width / 3)), int(y + generator.normal(0, height)))
            cv2.line(art, (x, y), far, color.tolist(), int(generator.integers(2, height)), cv2.LINE_AA)
    return art + (make_noise(size_hw, 1.6, generator) * generator.uniform(0.5, 4))[..., None]


def _draw_dark(size_hw: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    base = generator.uniform(8, 75) + generator.normal(0, 16, 3)
    return (
        _fill(size_hw, base)
        + (make_noise(size_hw, 18, generator) * 4 + make_noise(size_hw, 1.5, generator) * 2)[..., None]
    )


def _draw_shell(size_hw: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    shell = _fill(size_hw, np.array([232, 196, 160]) * generator.uniform(0.75, 1.05))
    shell += (make_noise(size_hw, 3, generator) * 3 + make_noise(size_hw, 25, generator) * 6)[..., None]
    specks = make_noise(size_hw, 2.2, generator) > 2.4
    return shell - specks[..., None] * np.float32(generator.uniform(10, 45))
