"""Every kind of picture file a person may drop is read upright, or refused in one sentence that names it."""

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from textrec_app.errors import InputError
from textrec_app.pipeline.images import display_name, load_image


def _bytes(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def _half_and_half(left: tuple[int, int, int], right: tuple[int, int, int]) -> Image.Image:
    picture = Image.new("RGB", (40, 20), left)
    picture.paste(right, (20, 0, 40, 20))
    return picture


@pytest.fixture
def red_left() -> Image.Image:
    return _half_and_half((255, 0, 0), (0, 0, 255))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM", "GIF"])
def test_common_formats_keep_size_and_colour(red_left: Image.Image, kind: str) -> None:
    image = load_image(_bytes(red_left, kind))
    assert image.shape == (20, 40, 3)
    assert image.dtype == np.uint8
    assert image.flags["C_CONTIGUOUS"]
    assert image.flags["WRITEABLE"]
    assert np.abs(image[10, 5].astype(int) - (255, 0, 0)).max() < 12
    assert np.abs(image[10, 35].astype(int) - (0, 0, 255)).max() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(red_left: Image.Image, orientation: int) -> None:
    stored_as = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = red_left if stored_as is None else red_left.transpose(stored_as)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = load_image(_bytes(stored, exif=exif))
    assert np.array_equal(image, np.asarray(red_left))


def test_damaged_exif_does_not_cost_the_picture(red_left: Image.Image) -> None:
    assert load_image(_bytes(red_left, "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")).shape == (20, 40, 3)


def test_damaged_exif_is_mentioned_only_where_the_picture_is_read(
    red_left: Image.Image, caplog: pytest.LogCaptureFixture
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8)
    with pytest.raises(InputError, match="cut off"):
        load_image(_bytes(Image.fromarray(noise))[:3000])
    assert caplog.records == []
    load_image(_bytes(red_left, exif=b"Exif\x00\x00" + b"X" * 14))
    assert "EXIF block is damaged" in caplog.text


def test_cmyk_becomes_rgb(red_left: Image.Image) -> None:
    image = load_image(_bytes(red_left.convert("CMYK"), "JPEG", quality=95))
    assert np.abs(image[10, 5].astype(int) - (255, 0, 0)).max() < 30


def test_16_bit_is_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None, :].repeat(8, axis=0)
    image = load_image(_bytes(Image.fromarray(ramp)))
    assert image[0, 0].tolist() == [0, 0, 0]
    assert image[0, -1].tolist() == [255, 255, 255]
    assert abs(int(image[0, 128, 0]) - 128) <= 1


def test_32_bit_float_is_scaled() -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[None, :].repeat(8, axis=0)
    image = load_image(_bytes(Image.fromarray(ramp), "TIFF"))
    assert image[0, -1].tolist() == [255, 255, 255]
    assert abs(int(image[0, 32, 0]) - 129) <= 1


@pytest.mark.parametrize(("ink", "paper"), [((0, 0, 0), 255), ((255, 255, 255), 0)])
def test_ink_on_nothing_stays_visible(ink: tuple[int, int, int], paper: int) -> None:
    picture = Image.new("RGBA", (30, 20), (*ink, 0))
    picture.paste((*ink, 255), (10, 5, 20, 15))
    image = load_image(_bytes(picture))
    assert image[10, 15].tolist() == list(ink)
    assert image[0, 0].tolist() == [paper] * 3


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_other_modes_are_read(red_left: Image.Image, mode: str) -> None:
    assert load_image(_bytes(red_left.convert(mode))).shape == (20, 40, 3)


def test_palette_with_transparency(red_left: Image.Image) -> None:
    image = load_image(_bytes(red_left.quantize(4), transparency=b"\xff\xff\x00\x00"))
    assert image.shape == (20, 40, 3)


def test_first_frame_of_a_gif_is_read(red_left: Image.Image) -> None:
    data = _bytes(red_left, "GIF", save_all=True, append_images=[Image.new("RGB", (40, 20), "white")])
    assert load_image(data)[10, 5, 2] < 30


def test_unicode_file_name(tmp_path: Path, red_left: Image.Image) -> None:
    path = tmp_path / "café 길거리 شارع 🛑.png"
    path.write_bytes(_bytes(red_left))
    assert load_image(path).shape == (20, 40, 3)


def test_100_megapixels_are_read() -> None:
    image = load_image(_bytes(Image.new("1", (10_000, 10_000), 1)))
    assert image.shape == (10_000, 10_000, 3)
    assert image[5_000, 5_000].tolist() == [255, 255, 255]


def test_one_pixel() -> None:
    assert load_image(_bytes(Image.new("RGB", (1, 1), "red"))).tolist() == [[[255, 0, 0]]]


def _png_that_claims(width: int, height: int) -> bytes:
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    return (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d" + header + zlib.crc32(header).to_bytes(4, "big") + b"\x00\x00\xff\xffIDAT"
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 no picture", "not a picture"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "HEIC"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
        (_bytes(Image.effect_noise((80, 80), 90))[:2000], "damaged"),
        (_bytes(Image.effect_noise((80, 80), 90), "JPEG")[:1500], "damaged"),
        (_bytes(Image.effect_noise((80, 80), 90), "GIF")[:1500], "damaged"),
        (_png_that_claims(11_000, 10_000), "110 megapixels"),
        (_png_that_claims(60_000, 60_000), "too large"),
    ],
    ids=["empty", "pdf", "heic", "eps", "cut png", "cut jpeg", "cut gif", "110 megapixels", "pixel bomb"],
)
def test_bad_files_are_refused_in_a_sentence(data: bytes, reason: str) -> None:
    with pytest.raises(InputError) as raised:
        load_image(data, name="street.jpg")
    message = str(raised.value)
    assert message.startswith("street.jpg")
    assert reason in message
    assert message.endswith(".")
    assert "\n" not in message


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        load_image(tmp_path / "gone.png")
    with pytest.raises(InputError, match="is a folder"):
        load_image(tmp_path)


def test_smaller_cap_is_obeyed(red_left: Image.Image) -> None:
    with pytest.raises(InputError, match="at most"):
        load_image(_bytes(red_left), max_pixels=799)
    assert load_image(_bytes(red_left), max_pixels=800).shape == (20, 40, 3)


def test_names_are_made_printable() -> None:
    assert display_name("a\nb\x1b[31m\udcff.png") == "a?b?[31m?.png"
