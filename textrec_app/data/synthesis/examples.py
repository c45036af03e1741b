"""Draw the example pictures of the Read tab.

`python -m textrec_app.data.synthesis.examples textrec_app/ui/examples` draws those that ship.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from textrec_app.data.synthesis.backgrounds import draw_noise
from textrec_app.data.synthesis.painting import (
    Ink,
    develop,
    find_font,
    paint_bokeh,
    paint_bricks,
    paint_gradient,
    paint_plaster,
    paint_wood,
    place,
    round_mask,
    save,
    write,
    write_around,
)

SANS = ("Overpass-Bold", "OpenSans-Bold", "Roboto-Bold", "LiberationSans-Bold")
THIN_SANS = ("Lato-Regular", "Roboto-Regular", "LiberationSans-Regular", "DejaVuSans")
SERIF = ("EBGaramond-Bold", "NotoSerif-Bold", "LiberationSerif-Bold", "DejaVuSerif-Bold")
SCRIPT = ("LobsterTwo-Bold", "Lobster", "NotoSerif-BoldItalic", "LiberationSerif-BoldItalic")
MONO = ("DejaVuSansMono", "LiberationMono-Regular")
MONO_BOLD = ("DejaVuSansMono-Bold", "LiberationMono-Bold")
NARROW = ("Oswald-Bold", "RobotoCondensed-Bold", "LiberationSansNarrow-Bold", "DejaVuSansCondensed-Bold")
WHITE, INK, BROWN = (250, 250, 248), (32, 34, 38), (96, 34, 22)


def draw_street_sign(generator: np.random.Generator) -> Image.Image:
    """Two street name blades and a parking sign on a pole before a blurred street."""
    image = paint_bokeh((1400, 1000), ((176, 208, 236), (214, 224, 228), (120, 134, 120)), generator, 26)
    pole = paint_gradient((1000, 34), ((90, 94, 98), (196, 200, 204), (84, 88, 92))).rotate(90, expand=True)
    image = place(image, pole, ((680, 40), (714, 40), (716, 1000), (678, 1000)), shadow=(0, 0, 0))
    blades = (
        ("HARBOUR ST", "100", ((300, 110), (1160, 190), (1158, 332), (298, 268))),
        ("OLD MILL LANE", "", ((240, 372), (1080, 330), (1082, 462), (242, 520))),
    )
    for text, number, quad in blades:
        board = paint_gradient((1000, 160), ((20, 112, 78), (10, 92, 62)))
        ImageDraw.Draw(board).rounded_rectangle((9, 9, 990, 150), 14, outline=WHITE, width=5)
        write(board, (500 - 55 * bool(number), 80), text, Ink(find_font(SANS, 104), WHITE, 4))
        if number:
            write(board, (916, 80), number, Ink(find_font(SANS, 50), WHITE))
        image = place(image, board, quad, round_mask(board.size, 20), (6, 10, 9))
    board = paint_gradient((420, 560), ((252, 252, 250), (234, 236, 236)))
    pen = ImageDraw.Draw(board)
    pen.rounded_rectangle((10, 10, 409, 549), 20, outline=(196, 30, 38), width=9)
    red = (196, 30, 38)
    for y, text, size in ((96, "NO", 110), (214, "PARKING", 74), (336, "8 AM - 6 PM", 56), (424, "MON - FRI", 56)):
        write(board, (210, y), text, Ink(find_font(NARROW, size), red))
    pen.line((110, 500, 310, 500), red, 14)
    pen.polygon(((84, 500), (132, 472), (132, 528)), red)
    pen.polygon(((336, 500), (288, 472), (288, 528)), red)
    quad = ((560, 560), (830, 552), (826, 918), (562, 900))
    return develop(place(image, board, quad, round_mask(board.size, 30), (6, 10, 9)), generator)


def draw_shop_front(generator: np.random.Generator) -> Image.Image:
    """A bakery's front, seen from the side."""
    front = paint_bricks((1500, 1100), (92, 34), (150, 82, 64), generator)
    pen = ImageDraw.Draw(front)
    pen.rectangle((70, 190, 1430, 1100), (38, 62, 58))
    board = paint_gradient((1360, 190), ((40, 74, 68), (26, 54, 50)))
    ImageDraw.Draw(board).rectangle((12, 12, 1347, 177), outline=(214, 180, 104), width=4)
    write(board, (680, 92), "The Corner Bakery", Ink(find_font(SCRIPT, 132), (246, 222, 160)))
    front.paste(board, (70, 200))
    for index, left in enumerate(range(70, 1430, 85)):
        color = (236, 228, 208) if index % 2 else (176, 50, 44)
        pen.polygon(((left, 398), (left + 85, 398), (left + 79, 500), (left - 6, 500)), color)
        pen.pieslice((left - 6, 480, left + 79, 520), 0, 180, color)
    for box in ((130, 530, 640, 940), (1000, 530, 1370, 940)):
        glow = paint_gradient((box[2] - box[0], box[3] - box[1]), ((250, 218, 150), (206, 150, 84), (92, 64, 44)))
        front.paste(glow, box[:2])
        pen.rectangle(box, outline=(22, 38, 36), width=12)
    for left in range(196, 520, 96):
        pen.ellipse((left, 830, left + 84, 896), (176, 112, 52))
        pen.arc((left + 12, 836, left + 72, 888), 200, 340, (226, 172, 104), 5)
    write(front, (385, 600), "FRESH BREAD", Ink(find_font(NARROW, 70), BROWN, 3))
    write(front, (385, 690), "baked every day", Ink(find_font(SCRIPT, 58), BROWN))
    write(front, (1185, 610), "Coffee & Cake", Ink(find_font(SCRIPT, 62), BROWN))
    write(front, (1185, 710), "$4.50", Ink(find_font(NARROW, 84), BROWN))
    pen.rectangle((690, 530, 950, 1100), (62, 92, 86), (20, 36, 34), 8)
    pen.rectangle((722, 562, 918, 900), (138, 150, 142))
    sign = Image.new("RGB", (170, 96), (170, 38, 36))
    write(sign, (85, 48), "OPEN", Ink(find_font(SANS, 52), WHITE))
    front.paste(sign, (735, 650))
    write(front, (820, 940), "27", Ink(find_font(SERIF, 54), (246, 222, 160)))
    street = paint_gradient((1400, 1050), ((150, 182, 214), (206, 216, 222), (120, 118, 114), (92, 90, 88)))
    image = place(street, front, ((-60, -70), (1330, 95), (1330, 905), (-60, 1010)), shadow=(0, 0, 0))
    return develop(image, generator)


def draw_receipt(generator: np.random.Generator) -> Image.Image:
    """A till receipt on a wooden table."""
    paper = paint_plaster((620, 1000), (246, 245, 240), generator)
    plain, bold = find_font(MONO, 30), find_font(MONO_BOLD, 44)
    write(paper, (310, 70), "GREEN GROCER", Ink(bold, INK, 3))
    write(paper, (310, 122), "14 Station Road, Weston", Ink(plain, INK))
    write(paper, (310, 164), "Tel: 01632 960 148", Ink(plain, INK))
    pen = ImageDraw.Draw(paper)
    rows = (
        ("Apples 1.2 kg", "3.48"), ("Whole milk 1L", "1.35"), ("Rye bread", "2.90"), ("Free range eggs", "3.25"),
        ("Dark chocolate", "1.99"), ("Olive oil 500ml", "6.75"),
    )  # fmt: skip
    y = 244
    for name, price in (*rows, ("", ""), ("SUBTOTAL", "19.72"), ("VAT 5%", "0.99")):
        pen.text((50, y), name, INK, plain, anchor="ls")
        pen.text((570, y), price, INK, plain, anchor="rs")
        y += 45 if name else 34
    for line_y in (196, 510, y - 8):
        pen.line((50, line_y, 570, line_y), INK, 2)
    y += 50
    pen.text((50, y), "TOTAL", INK, bold, anchor="ls")
    pen.text((570, y), "20.71", INK, bold, anchor="rs")
    write(paper, (310, y + 60), "CARD **** **** **** 4417", Ink(plain, INK))
    write(paper, (310, y + 108), "21/03/2026  17:42", Ink(plain, INK))
    write(paper, (310, y + 180), "THANK YOU!", Ink(find_font(MONO_BOLD, 38), INK, 4))
    folds = draw_noise(generator, (1000, 620), 260) * 7
    paper = Image.fromarray((np.asarray(paper, np.float32) + folds[..., None]).clip(0, 255).astype(np.uint8))
    table = paint_wood((1300, 1300), (142, 96, 60), generator)
    quad = ((330, 90), (945, 150), (905, 1215), (262, 1150))
    return develop(place(table, paper, quad, None, (14, 18, 16)), generator, 900)


def draw_number_plate(generator: np.random.Generator) -> Image.Image:
    """The back of a car with its plate."""
    body = paint_gradient((1400, 800), ((64, 84, 120), (30, 48, 84), (20, 34, 64), (12, 18, 34), (34, 34, 36)))
    pen = ImageDraw.Draw(body)
    pen.rectangle((0, 0, 1400, 96), (22, 26, 34))
    pen.line((0, 100, 1400, 100), (130, 150, 186), 7)
    for left, right in ((0, 250), (1150, 1400)):
        lamp = paint_gradient((right - left, 190), ((226, 60, 48), (150, 16, 20), (96, 8, 14)))
        body.paste(lamp, (left, 190), round_mask(lamp.size, 50))
    pen.rounded_rectangle((330, 250, 1070, 560), 30, (14, 22, 42), (70, 92, 132), 4)
    pen.rectangle((0, 690, 1400, 800), (24, 25, 28))
    pen.line((0, 690, 1400, 690), (84, 98, 124), 5)
    write(body, (168, 470), "AURORA", Ink(find_font(SANS, 42), (206, 212, 222), 9))
    write(body, (1230, 470), "2.0 T", Ink(find_font(SANS, 42), (206, 212, 222), 8))
    plate = paint_gradient((1000, 230), ((252, 208, 60), (240, 190, 40)))
    pen = ImageDraw.Draw(plate)
    pen.rounded_rectangle((5, 5, 994, 224), 20, outline=INK, width=6)
    pen.rectangle((12, 12, 98, 217), (24, 60, 150))
    write(plate, (55, 172), "TR", Ink(find_font(SANS, 44), WHITE))
    for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        x, y = 55 + 28 * np.cos(angle), 80 + 28 * np.sin(angle)
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), (252, 214, 60))
    write(plate, (550, 115), "TXR 4207", Ink(find_font(("DejaVuSansCondensed-Bold", *NARROW), 160), (24, 24, 26), 5))
    quad = ((402, 312), (1000, 318), (998, 462), (404, 454))
    image = place(body, plate, quad, round_mask(plate.size, 26), (2, 6, 7))
    return develop(image, generator)


def draw_business_card(generator: np.random.Generator) -> Image.Image:
    """A visiting card on a slate desk."""
    card = paint_gradient((1050, 600), ((250, 248, 243), (243, 240, 233)))
    pen = ImageDraw.Draw(card)
    teal = (16, 108, 116)
    pen.rectangle((0, 0, 34, 600), teal)
    pen.polygon(((840, 90), (915, 220), (765, 220)), teal)
    pen.polygon(((880, 130), (955, 220), (805, 220)), (232, 140, 62))
    pen.text((100, 160), "Elena Marsh", INK, find_font(SERIF, 84), anchor="ls")
    pen.text((102, 220), "Landscape Architect", teal, find_font(THIN_SANS, 44), anchor="ls")
    pen.line((102, 280, 520, 280), (200, 196, 186), 3)
    contact = ("+44 1632 960 271", "elena@northfield.studio", "www.northfield.studio", "8 Quay Street, Bristol")
    for row, text in enumerate(contact):
        pen.text((102, 350 + row * 62), text, (70, 72, 76), find_font(THIN_SANS, 40), anchor="ls")
    write(card, (860, 290), "NORTHFIELD", Ink(find_font(SANS, 36), INK, 5))
    write(card, (860, 338), "STUDIO", Ink(find_font(THIN_SANS, 32), INK, 12))
    desk = paint_plaster((1400, 1000), (72, 78, 86), generator)
    pen = ImageDraw.Draw(desk)
    for offset, tone in ((0, 28), (9, 60), (17, 40)):
        pen.line((980 + offset, 1010, 1420, 690 + offset), (tone + 150, tone + 90, 40), 16)
    quad = ((170, 230), (1130, 130), (1210, 660), (236, 800))
    return develop(place(desk, card, quad, round_mask(card.size, 14), (14, 20, 18)), generator)


def draw_cafe_logo(generator: np.random.Generator) -> Image.Image:
    """A round hanging sign with letters along its rim."""
    wall = paint_plaster((1200, 1200), (196, 186, 168), generator)
    disc = Image.new("RGB", (1000, 1000), (30, 44, 52))
    pen = ImageDraw.Draw(disc)
    cream = (244, 232, 206)
    for inset, width in ((24, 8), (44, 3), (226, 4)):
        pen.ellipse((inset, inset, 999 - inset, 999 - inset), outline=cream, width=width)
    write_around(disc, (500, 500, 318), "HARBOUR COFFEE", Ink(find_font(NARROW, 116), cream, 10), is_top=True)
    write_around(
        disc, (500, 500, 416), "ROASTERS SINCE 2009", Ink(find_font(NARROW, 66), (232, 160, 84), 8), is_top=False
    )
    pen.rounded_rectangle((360, 440, 590, 640), 60, cream)
    pen.rectangle((360, 440, 590, 540), cream)
    pen.arc((560, 462, 668, 580), -90, 100, cream, 22)
    pen.rounded_rectangle((320, 656, 640, 676), 10, cream)
    for left in (410, 465, 520):
        points = [(left + 14 * np.sin(step / 9), 420 - step) for step in range(0, 90, 3)]
        pen.line(points, cream, 9, joint="curve")
    write(disc, (475, 540), "OPEN", Ink(find_font(SANS, 56), (30, 44, 52), 4))
    mask = Image.new("L", (1000, 1000))
    ImageDraw.Draw(mask).ellipse((4, 4, 995, 995), 255)
    ImageDraw.Draw(wall).rectangle((0, 92, 760, 122), (40, 40, 42))
    for x in (540, 690):
        ImageDraw.Draw(wall).line((x - 20, 120, x - 10, 230), (48, 48, 50), 7)
    quad = ((170, 205), (1040, 175), (1050, 1090), (160, 1060))
    return develop(place(wall, disc, quad, mask, (34, 30, 24)), generator, 960)


def draw_landscape(generator: np.random.Generator) -> Image.Image:
    """Mountains in the evening, without any text."""
    image = paint_gradient((1400, 940), ((60, 84, 140), (150, 140, 176), (244, 184, 140), (252, 214, 168)))
    glow = Image.new("RGB", image.size, (255, 232, 190))
    sun = Image.new("L", image.size)
    ImageDraw.Draw(sun).ellipse((900, 380, 1020, 500), 255)
    soft = cv2.GaussianBlur(np.asarray(sun), (0, 0), 46) // 2
    image.paste(glow, (0, 0), Image.fromarray(np.maximum(np.asarray(sun), soft)))
    x = np.arange(1400)
    for layer in range(6):
        roughness = draw_noise(generator, (1, 1400), 260 - 30 * layer)[0] * (70 - 8 * layer)
        roughness += draw_noise(generator, (1, 1400), 50)[0] * 13 + draw_noise(generator, (1, 1400), 9)[0] * 3
        ridge = 470 + 78 * layer + roughness
        color = tuple(int(value) for value in np.array((150, 138, 168)) * (1 - layer / 5.6) + (12, 20, 30))
        ImageDraw.Draw(image).polygon([(0, 940), *zip(x.tolist(), ridge.tolist(), strict=True), (1400, 940)], color)
    return develop(image, generator)


PICTURES: dict[str, Callable[[np.random.Generator], Image.Image]] = {
    "1-street-sign": draw_street_sign,
    "2-shop-front": draw_shop_front,
    "3-receipt": draw_receipt,
    "4-number-plate": draw_number_plate,
    "5-business-card": draw_business_card,
    "6-cafe-logo": draw_cafe_logo,
    "7-no-text": draw_landscape,
}


def main() -> None:
    """Draw every example picture into the folder named on the command line."""
    parser = argparse.ArgumentParser(description="Draw the example pictures.")
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        save(draw(np.random.default_rng(7)), out / f"{name}.jpg")


if __name__ == "__main__":
    main()
