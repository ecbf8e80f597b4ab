"""Draws the pictures of the `shapes` sample: one figure per picture, in front of a busy background.

Ten classes. What tells them apart is the figure's outline alone: place, size, rotation, colours, fill, background,
clutter and noise are drawn at random and independently of the class.

Usage, to look at what is drawn: /usr/bin/python3 draw_shapes.py SHEET.png [SEED]
"""

import math
import sys

import numpy as np
from PIL import Image, ImageDraw

SIDE_PX = 48
SUPERSAMPLING = 4
CLASSES = ["circle", "ring", "square", "triangle", "star", "heart", "crescent", "cross", "spiral", "zigzag"]

# Outlines are lists of points in a frame where the figure fits the unit disc.


def regular_polygon(corners):
    angles = 2 * np.pi * np.arange(corners) / corners
    return np.stack([np.sin(angles), -np.cos(angles)], axis=1)


def star_outline(inner_radius):
    points = regular_polygon(10)
    points[1::2] *= inner_radius
    return points


def heart_outline():
    t = np.linspace(0, 2 * np.pi, 80, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    return np.stack([x, y - 2], axis=1) / 16.5


def cross_outline(half_width):
    w, l = half_width, 0.95
    return np.array([(-w, -l), (w, -l), (w, -w), (l, -w), (l, w), (w, w),
                     (w, l), (-w, l), (-w, w), (-l, w), (-l, -w), (-w, -w)])


def spiral_path(turns):
    t = np.linspace(0, 1, 120)
    angle, radius = 2 * np.pi * turns * t, 0.08 + 0.87 * t
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def zigzag_path(corners, height):
    x = np.linspace(-0.9, 0.9, corners)
    y = height * np.where(np.arange(corners) % 2 == 0, 1.0, -1.0)
    return np.stack([x, y], axis=1)


class Stencil:
    """Paints a figure's outline, given in figure coordinates, as coverage in [0, 1] of shape (SIDE_PX, SIDE_PX)."""

    def __init__(self, centre_px, radius_px, angle, squeeze):
        self.image = Image.new("L", (SIDE_PX * SUPERSAMPLING, SIDE_PX * SUPERSAMPLING))
        self.draw = ImageDraw.Draw(self.image)
        rotation = np.array([(math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))])
        self.matrix = np.array([(1, 0), (0, squeeze)]) @ rotation * radius_px * SUPERSAMPLING
        self.offset = np.asarray(centre_px) * SUPERSAMPLING

    def polygon(self, points, value=255):
        self.draw.polygon([tuple(p) for p in np.asarray(points) @ self.matrix + self.offset], fill=value)

    def disc(self, centre=(0, 0), radius=1.0, value=255):
        self.polygon(np.asarray(centre) + radius * regular_polygon(90), value)

    def stroke(self, points, half_width):
        """A line of constant width with round ends and joints, made of discs and quadrilaterals."""
        points = np.asarray(points)
        for start, end in zip(points[:-1], points[1:]):
            along = (end - start) / max(np.linalg.norm(end - start), 1e-9)
            across = half_width * np.array([-along[1], along[0]])
            self.polygon([start + across, end + across, end - across, start - across])
        for point in points:
            self.disc(point, half_width)

    def coverage(self):
        return np.asarray(self.image.reduce(SUPERSAMPLING), dtype=np.float32) / 255


def draw_figure(name, stencil, rng):
    if name == "circle":
        stencil.disc()
    elif name == "ring":
        stencil.disc()
        stencil.disc(radius=rng.uniform(0.45, 0.68), value=0)
    elif name == "square":
        stencil.polygon(regular_polygon(4))
    elif name == "triangle":
        stencil.polygon(regular_polygon(3))
    elif name == "star":
        stencil.polygon(star_outline(rng.uniform(0.38, 0.52)))
    elif name == "heart":
        stencil.polygon(heart_outline())
    elif name == "crescent":
        stencil.disc()
        stencil.disc(centre=(rng.uniform(0.38, 0.55), 0), radius=rng.uniform(0.78, 0.88), value=0)
    elif name == "cross":
        stencil.polygon(cross_outline(rng.uniform(0.22, 0.36)))
    elif name == "spiral":
        stencil.stroke(spiral_path(rng.uniform(1.6, 2.3)), rng.uniform(0.09, 0.13))
    elif name == "zigzag":
        stencil.stroke(zigzag_path(rng.integers(4, 7), rng.uniform(0.3, 0.5)), rng.uniform(0.09, 0.16))
    else:
        raise ValueError(f"no such figure: {name}")


def stripes(rng, period_px):
    """Soft-edged stripes in [0, 1] of shape (SIDE_PX, SIDE_PX), in a random direction."""
    angle, phase = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    wave = np.sin((x * math.cos(angle) + y * math.sin(angle)) * 2 * np.pi / period_px + phase)
    return np.clip(0.5 + 2 * wave, 0, 1)


def pattern(rng):
    """How two colours are mixed over the picture: weights in [0, 1] of shape (SIDE_PX, SIDE_PX)."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    kind = rng.choice(["flat", "gradient", "stripes", "checks", "dots"])
    if kind == "flat":
        return np.zeros((SIDE_PX, SIDE_PX))
    if kind == "gradient":
        angle = rng.uniform(0, 2 * np.pi)
        slope = x * math.cos(angle) + y * math.sin(angle)
        return (slope - slope.min()) / np.ptp(slope)
    if kind == "stripes":
        return stripes(rng, rng.uniform(6, 14))
    period_px = rng.uniform(7, 14)
    phase_x, phase_y, angle = *rng.uniform(0, 2 * np.pi, 2), rng.uniform(0, np.pi / 2)
    u = (x * math.cos(angle) + y * math.sin(angle)) * 2 * np.pi / period_px + phase_x
    v = (y * math.cos(angle) - x * math.sin(angle)) * 2 * np.pi / period_px + phase_y
    if kind == "checks":
        return np.clip(0.5 + 4 * np.sin(u / 2) * np.sin(v / 2), 0, 1)
    return np.clip(2 * (np.cos(u) + np.cos(v)) - 1.5, 0, 1)


def distinct_colour(rng, others, least_distance=80):
    """A colour (3,) in 0..255 that is far from each of the others."""
    while True:
        colour = rng.uniform(15, 245, 3)
        if all(np.linalg.norm(colour - other) > least_distance for other in others):
            return colour


def mix(picture, colour, weight):
    """Paints `colour` (3,) or (H, W, 3) over `picture` (H, W, 3) with coverage `weight` (H, W)."""
    return picture + (colour - picture) * weight[..., None]


def draw_clutter(picture, rng, count, half_width_px):
    """Paints short straight strokes anywhere in the picture."""
    for _ in range(count):
        stencil = Stencil((0, 0), 1, 0, 1)
        start, angle, length = rng.uniform(0, SIDE_PX, 2), rng.uniform(0, 2 * np.pi), rng.uniform(5, 20)
        stencil.stroke([start, start + length * np.array([math.cos(angle), math.sin(angle)])], half_width_px)
        picture = mix(picture, rng.uniform(15, 245, 3), stencil.coverage())
    return picture


def draw_picture(name, rng):
    """One picture of the class `name`: (SIDE_PX, SIDE_PX, 3) uint8."""
    back = rng.uniform(15, 245, 3)
    back_partner = np.clip(back + rng.normal(0, 30, 3), 0, 255)
    picture = mix(np.broadcast_to(back, (SIDE_PX, SIDE_PX, 3)), back_partner, pattern(rng))
    picture = draw_clutter(picture, rng, rng.integers(0, 6), rng.uniform(0.6, 1.6))

    radius_px = rng.uniform(8, 19)
    margin_px = 0.85 * radius_px
    centre_px = rng.uniform(margin_px, SIDE_PX - margin_px, 2)
    placement = (centre_px, radius_px, rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1))
    stencil = Stencil(*placement)
    draw_figure(name, stencil, rng)
    fill = distinct_colour(rng, [back, back_partner])
    fill_partner = np.clip(fill + rng.normal(0, 25, 3), 0, 255)
    picture = mix(picture, mix(np.broadcast_to(fill, picture.shape), fill_partner, pattern(rng)), stencil.coverage())

    picture = draw_clutter(picture, rng, rng.integers(0, 3), rng.uniform(0.6, 1.2))
    picture = picture + rng.normal(0, rng.uniform(1, 6), (SIDE_PX, SIDE_PX, 1))
    # Multiples of 8 keep the PNG files small; the noise hides the steps.
    return (np.clip(np.round(picture / 8) * 8, 0, 255)).astype(np.uint8)


def draw_set(count, seed):
    """`count` pictures in class order 0, 1, ..., 9, 0, 1, ...: (count, SIDE_PX, SIDE_PX, 3) uint8 and labels (count,)."""
    labels = np.arange(count) % len(CLASSES)
    rng = np.random.default_rng(seed)
    return np.stack([draw_picture(CLASSES[label], rng) for label in labels]), labels


def contact_sheet(pictures, columns, gap_px=4, zoom=2):
    rows = -(-len(pictures) // columns)
    pitch_px = SIDE_PX * zoom + gap_px
    sheet = Image.new("RGB", (columns * pitch_px + gap_px, rows * pitch_px + gap_px), "white")
    for index, picture in enumerate(pictures):
        tile = Image.fromarray(picture).resize((SIDE_PX * zoom, SIDE_PX * zoom), Image.NEAREST)
        sheet.paste(tile, (gap_px + index % columns * pitch_px, gap_px + index // columns * pitch_px))
    return sheet


if __name__ == "__main__":
    pictures, _ = draw_set(80, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    contact_sheet(pictures, columns=len(CLASSES)).save(sys.argv[1])
