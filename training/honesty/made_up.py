# SPDX-License-Identifier: Apache-2.0
"""Made-up images of no world in particular: what a model is shown as unlike its own images.

Some kinds have statistics of photographs (a spectrum of 1/f, discs that cover each other as in a
"dead leaves" image; see Baradad et al., Learning to See by Looking at Noise, NeurIPS 2021), others
look like pages, plots, screens, drawings and simple renderings. Half of them take the colours of an
own image, so that own images are told by what they show rather than by their colours, and many are
close-ups, or degraded as own ones are.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from .degraded import DEGRADED, degraded

__all__ = ["made_up_image"]

SIZES = ((320, 240), (320, 240), (256, 256), (240, 320), (320, 180))
"""widths and heights"""
CLOSE_UPS, RECOLOURED, WORSE = 0.3, 0.5, 0.5
"""shares of the images"""
LETTERS = list("abcdefghijklmnopqrstuvwxyz      ")


def made_up_image(number: int, own: np.ndarray, seed: int = 0) -> np.ndarray:
    """Image (H, W, 3) uint8 of the kind that is `number`'s turn; the same again for the same input.

    Args:
        number: of the image, from 0.
        own: (H, W, 3) uint8, an image that others shall be told from; half of the images take its
            colours.
        seed: of all images.
    """
    rng = np.random.default_rng((seed, number))
    width, height = SIZES[rng.integers(len(SIZES))]
    image = KINDS[number % len(KINDS)](rng, height, width)
    if rng.random() < CLOSE_UPS:
        image = _closer(rng, np.clip(image, 0, 255).astype(np.uint8))
    if rng.random() < RECOLOURED:
        image = _recoloured(image, own)
    image = np.ascontiguousarray(np.clip(image, 0, 255).astype(np.uint8))
    if rng.random() < WORSE:
        image = degraded(image, str(rng.choice(list(DEGRADED))), rng)
    return image


def _closer(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """A part of an image in the image's size."""
    height, width = image.shape[:2]
    share = rng.uniform(0.15, 0.6)
    rows, columns = max(8, int(height * share)), max(8, int(width * share))
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    part = image[top : top + rows, left : left + columns]
    return cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC)


def _recoloured(image: np.ndarray, own: np.ndarray) -> np.ndarray:
    """An image with the mean and the covariance of another's colours (Reinhard et al., 2001)."""
    pixels, wanted = image.reshape(-1, 3).astype(np.float64), own.reshape(-1, 3).astype(np.float64)
    (spread, axes), (aim, onto) = (
        np.linalg.eigh(np.cov(colours.T)) for colours in (pixels, wanted)
    )
    scale = np.sqrt(aim.clip(0) / (spread + 1).clip(1)).clip(max=4)
    moved = (pixels - pixels.mean(0)) @ axes * scale @ onto.T + wanted.mean(0)
    return moved.reshape(image.shape)


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


def _paper(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """One white, dark, pale or coloured field."""
    red, green, blue = rng.integers(150, 256, 3).tolist()
    colour = ((255, 255, 255), (20, 20, 28), (red, green, blue), _colour(rng))[rng.integers(4)]
    return np.full((height, width, 3), colour, dtype=np.uint8)


def _shapes(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    image = _paper(rng, height, width)
    for _ in range(rng.integers(2, 16)):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        a, b = rng.integers(4, width // 3, 2).tolist()
        thick = int(rng.choice((-1, -1, 1, 3)))
        shape = rng.integers(4)
        if shape == 0:
            turn = float(rng.uniform(0, 180))
            cv2.ellipse(image, (x, y), (a, b), turn, 0, 360, _colour(rng), thick)
        elif shape == 1:
            cv2.rectangle(image, (x, y), (x + a, y + b), _colour(rng), thick)
        elif shape == 2:
            corners = rng.integers(-80, 80, (int(rng.integers(3, 7)), 1, 2)) + np.array((x, y))
            cv2.fillPoly(image, [corners.astype(np.int32)], _colour(rng), cv2.LINE_AA)
        else:
            cv2.line(image, (x, y), (x + a, y + b), _colour(rng), int(rng.integers(1, 6)))
    return image


def _cartoon(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Flat regions with wavy borders and dark outlines, and blobs with outlines before them."""
    image = _paper(rng, height, width)
    ink = (0, 0, 0) if rng.random() < 0.7 else _colour(rng)
    line = int(rng.integers(0, 5))
    shapes: list[np.ndarray] = []
    across = np.linspace(0, width, 24)
    for level in np.sort(rng.uniform(0.1, 0.9, int(rng.integers(0, 4)))):
        border = height * level + rng.uniform(0, 25) * np.sin(
            across / rng.uniform(15, 80) + rng.uniform(0, 6)
        )
        shapes.append(np.append(np.stack((across, border), 1), ((width, height), (0, height)), 0))
    around = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    for _ in range(rng.integers(1, 12)):
        radius = rng.uniform(5, width / 4) * (
            1 + rng.uniform(0, 0.4) * np.sin(rng.integers(1, 7) * around + rng.uniform(0, 6))
        )
        centre = rng.uniform(0, (width, height))
        stretch = rng.uniform(0.4, 1.3, 2)
        shapes.append(
            centre + np.stack((np.cos(around), np.sin(around)), 1) * stretch * radius[:, None]
        )
    for shape in shapes:
        points = [shape.astype(np.int32)[:, None]]
        cv2.fillPoly(image, points, _colour(rng), cv2.LINE_AA)
        if line:
            cv2.polylines(image, points, True, ink, line, cv2.LINE_AA)
    return image


def _write(rng: np.random.Generator, image: np.ndarray, left: int, top: int, right: int) -> int:
    """A line of letters; returns where the next begins."""
    size = float(rng.uniform(0.3, 0.9))
    dark = image[min(top, len(image) - 1), min(left, image.shape[1] - 1)].mean() < 128
    words = "".join(rng.choice(LETTERS, max(3, int((right - left) / (18 * size)))))
    ink = (225, 225, 225) if dark else (25, 25, 25)
    cv2.putText(image, words, (left, top), int(rng.integers(8)), size, ink, 1, cv2.LINE_AA)
    return top + int(30 * size) + 2


def _page(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    image, top = _paper(rng, height, width), 15
    while top < height:
        top = _write(rng, image, int(rng.integers(4, 20)), top, width)
    return image


def _plot(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    image = _paper(rng, height, width)
    for place in range(20, width, int(rng.integers(20, 60))):
        cv2.line(image, (place, 0), (place, height), (190, 190, 190), 1)
        cv2.line(image, (0, place), (width, place), (190, 190, 190), 1)
    for _ in range(rng.integers(1, 5)):
        if rng.random() < 0.6:
            walk = height / 2 + np.cumsum(rng.normal(0, 6, width // 4))
            points = np.stack((np.arange(width // 4) * 4, walk), 1).astype(np.int32)
            cv2.polylines(image, [points[:, None]], False, _colour(rng), 2, cv2.LINE_AA)
        else:
            colour, bar = _colour(rng), int(rng.integers(6, 24))
            for left in range(20, width - bar, 2 * bar):
                top = int(rng.integers(height))
                cv2.rectangle(image, (left, top), (left + bar, height - 10), colour, -1)
    _write(rng, image, width // 3, 15, width)
    return image


def _screen(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    image = _paper(rng, height, width)
    for _ in range(rng.integers(2, 9)):
        left, top = int(rng.integers(width - 20)), int(rng.integers(height - 20))
        right, bottom = int(rng.integers(left + 10, width)), int(rng.integers(top + 10, height))
        fill = _colour(rng) if rng.random() < 0.4 else (int(rng.integers(200, 256)),) * 3
        cv2.rectangle(image, (left, top), (right, bottom), fill, -1)
        cv2.rectangle(image, (left, top), (right, bottom), (120, 120, 120), 1)
        line = top + 14
        while line < bottom - 4 and rng.random() < 0.9:
            line = _write(rng, image, left + 4, line, right)
    return image


def _spectrum(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Coloured noise of a spectrum 1 / f ** (0 to 2.4), from white noise to clouds."""
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    frequency = np.sqrt(rows**2 + columns**2)
    frequency[0, 0] = 1
    falls = frequency ** -rng.uniform(0, 2.4)
    planes = []
    for _ in range(3):
        waves = rng.normal(size=falls.shape) + 1j * rng.normal(size=falls.shape)
        plane = np.fft.irfft2(waves * falls, (height, width))
        planes.append((plane - plane.mean()) / (plane.std() + 1e-9))
    mixed = np.stack(planes, -1) @ (np.eye(3) * rng.uniform(0, 1) + rng.uniform(0, 0.6))
    return rng.uniform(60, 190) + rng.uniform(15, 60) * mixed


def _leaves(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Discs and squares of all sizes that cover each other, each with a texture."""
    image = np.full((height, width, 3), rng.uniform(0, 255, 3), dtype=np.float32)
    texture = _spectrum(rng, height, width).astype(np.float32) - 128
    palette = _spectrum(rng, 8, 8).reshape(-1, 3)
    for _ in range(rng.integers(40, 300)):
        radius = int(np.clip(3 / rng.uniform(0.02, 1) ** 0.8, 3, width / 3))
        x, y = int(rng.integers(width)), int(rng.integers(height))
        mask = np.zeros((height, width), dtype=np.uint8)
        if rng.random() < 0.7:
            cv2.circle(mask, (x, y), radius, 1, -1)
        else:
            cv2.rectangle(mask, (x, y), (x + radius, y + int(radius * rng.uniform(0.3, 2))), 1, -1)
        inside, strength = mask > 0, rng.uniform(0, 0.8)
        image[inside] = palette[rng.integers(len(palette))] + strength * texture[inside]
    return cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 1.2)))


def _landscape(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Textured regions with wavy borders, and a few soft things before them."""
    image = _spectrum(rng, height, width)
    for level in np.sort(rng.uniform(0.1, 0.9, int(rng.integers(1, 4)))):
        border = height * level + np.cumsum(rng.normal(0, 1.5, width))
        below = np.arange(height)[:, None] > border[None]
        image[below] = _spectrum(rng, height, width)[below]
    for _ in range(rng.integers(0, 6)):
        mask = np.zeros((height, width), dtype=np.float32)
        centre = int(rng.integers(width)), int(rng.integers(height))
        axes = rng.integers(8, width // 3, 2).tolist()
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        soft = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.5, 6)))[..., None]
        image = image * (1 - soft) + soft * _spectrum(rng, height, width)
    return image


def _balls(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Shaded balls and boxes before a floor and a wall of one colour each."""
    floor, wall = rng.uniform(30, 255, (2, 3))
    horizon = int(height * rng.uniform(0, 0.6))
    image = np.empty((height, width, 3), dtype=np.float32)
    image[:horizon], image[horizon:] = wall, floor
    if rng.random() < 0.4:
        tile = int(rng.integers(8, 40))
        odd = np.add.outer(np.arange(height) // tile, np.arange(width) // tile) % 2 == 1
        odd[:horizon] = False
        image[odd] = rng.uniform(30, 255, 3)
    rows, columns = np.mgrid[:height, :width]
    light = rng.normal(size=3) + np.array((0, -1, 1.5))
    light /= np.linalg.norm(light)
    for _ in range(rng.integers(2, 9)):
        radius = rng.uniform(6, width / 6)
        x, y = rng.uniform(0, width), rng.uniform(horizon, height)
        across, down = (columns - x) / radius, (rows - y) / radius
        colour = rng.uniform(20, 255, 3)
        if rng.random() < 0.5:
            inside = across**2 + down**2 < 1
            depth = np.sqrt(np.clip(1 - across**2 - down**2, 0, 1))
            shade = np.clip(across * light[0] + down * light[1] + depth * light[2], 0, 1)
            image[inside] = (0.3 + 0.7 * shade[..., None])[inside] * colour
        else:
            inside = (abs(across) < 0.8) & (abs(down) < 0.8)
            image[inside] = colour * np.where(across[inside] < light[0], 1, 0.6)[:, None]
    return image


def _gradient(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """One colour, or two that go over into each other."""
    first, second = rng.uniform(0, 255, (2, 3))
    if rng.random() < 0.3:
        second = first
    way = rng.uniform(-1, 1, 2)
    along = way[0] * np.linspace(0, 1, height)[:, None] + way[1] * np.linspace(0, 1, width)[None]
    along = (along - along.min()) / (np.ptp(along) + 1e-9)
    return first + along[..., None] * (second - first)


KINDS: tuple[Callable[[np.random.Generator, int, int], np.ndarray], ...] = (
    _shapes, _page, _plot, _screen, _spectrum, _leaves, _landscape, _balls, _cartoon, _landscape,
    _leaves, _balls, _shapes, _gradient,
)  # fmt: skip
"""those that are most like what cameras and simulators give come twice"""
