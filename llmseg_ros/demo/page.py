# SPDX-License-Identifier: Apache-2.0
"""`index.html` of the demonstration: one file with everything in it."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .asker import Outcome
from .picture import Picture, encode_image

__all__ = ["page"]

TARGET_COLOUR = (255, 170, 40)


def page(outcomes: Sequence[Outcome], pictures: Sequence[Picture], totals: Sequence[str]) -> str:
    """The page: a card for each outcome, below the totals."""
    cards = "\n".join(
        _card(outcome, picture) for outcome, picture in zip(outcomes, pictures, strict=True)
    )
    line = " ".join(f"<span>{html.escape(text)}</span>" for text in totals)
    return PAGE.format(style=STYLE, totals=line, cards=cards)


def _card(outcome: Outcome, picture: Picture) -> str:
    question = outcome.question
    grade = "good" if outcome.iou >= 0.5 else "poor"
    truth = "right answer" if question.targets else "right answer: nothing here fits"
    return CARD.format(
        instruction=html.escape(question.instruction),
        kind=html.escape(question.kind),
        found=outcome.verdict,
        grade=grade,
        iou=f"{outcome.iou:.2f}",
        confidence=f"{outcome.confidence:.2f}",
        latency=f"{outcome.latency_ms:.0f}",
        overlay=_image_tag(picture.overlay, f"answer to {question.instruction}"),
        target=_image_tag(_with_target(picture), f"right answer to {question.instruction}"),
        truth=truth,
    )


def _with_target(picture: Picture) -> NDArray[np.uint8]:
    """The camera's image with the right answer outlined and the rest dimmed."""
    shown = picture.image.copy()
    if picture.target.any():
        shown[~picture.target] //= 3
        contours, _ = cv2.findContours(
            picture.target.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        cv2.drawContours(shown, contours, -1, TARGET_COLOUR, 2)
    return shown


def _image_tag(rgb: NDArray[np.uint8], description: str) -> str:
    data = base64.b64encode(encode_image(rgb, ".jpg")).decode("ascii")
    return f'<img alt="{html.escape(description)}" src="data:image/jpeg;base64,{data}">'


STYLE = """
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 84rem; padding: 1.5rem; }
h1 { margin: 0 0 .25rem; font-size: 1.6rem; }
.totals { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin: 0 0 1.5rem; opacity: .8; }
.cards { display: grid; gap: 1.25rem; }
.cards { grid-template-columns: repeat(auto-fill, minmax(34rem, 1fr)); }
article { border: 1px solid #8885; border-radius: .6rem; overflow: hidden; }
article header { padding: .7rem .9rem; }
h2 { margin: 0; font-size: 1.05rem; }
.facts { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: .25rem 0 0; font-size: .9rem; }
.good { color: #1a8f4c; font-weight: 600; }
.poor { color: #c8452f; font-weight: 600; }
.pair { display: grid; grid-template-columns: 1fr 1fr; }
figure { margin: 0; }
img { display: block; width: 100%; }
figcaption { padding: .3rem .9rem .5rem; font-size: .8rem; opacity: .75; }
@media (max-width: 38rem) { .cards { grid-template-columns: 1fr; } }
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>llmseg demonstration</title>
<style>{style}</style>
</head>
<body>
<h1>What an instruction means, as a mask</h1>
<p class="totals">{totals}</p>
<section class="cards">
{cards}
</section>
</body>
</html>
"""

CARD = """<article>
<header><h2>{instruction}</h2>
<p class="facts"><span>{kind}</span><span>found: {found}</span>
<span class="{grade}">IoU {iou}</span><span>confidence {confidence}</span>
<span>{latency} ms</span></p></header>
<div class="pair">
<figure>{overlay}<figcaption>answer of the node</figcaption></figure>
<figure>{target}<figcaption>{truth}</figcaption></figure>
</div>
</article>"""
