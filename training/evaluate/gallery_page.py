# SPDX-License-Identifier: Apache-2.0
"""The gallery as one HTML file with everything in it."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from .exhibit import Exhibit, ProposalLine
from .gallery_pictures import COLOURS

__all__ = ["gallery_page"]

JPEG_QUALITY = 85


def gallery_page(title: str, sections: Mapping[str, Sequence[Exhibit]]) -> str:
    """The page; sections without a card are left out."""
    keys = " ".join(
        f'<span><i style="background:rgb{colour}"></i>{name}</span>'
        for name, colour in COLOURS.items()
    )
    parts = "\n".join(
        f'<h2>{html.escape(name)}</h2>\n<section class="cards">{"".join(map(_card, exhibits))}'
        f"</section>"
        for name, exhibits in sections.items()
        if exhibits
    )
    return PAGE.format(title=html.escape(title), style=STYLE, keys=keys, sections=parts)


def _card(exhibit: Exhibit) -> str:
    case = exhibit.case
    facts = [
        f"{case.sample}, question {case.question}",
        case.kind,
        case.category,
        "" if case.has_target else "nothing fits",
        "" if case.found else "answered: nothing",
        exhibit.reason,
        "" if case.confidence is None else f"confidence {case.confidence:.2f}",
    ]
    if case.bounds is not None and case.has_target:
        facts.append(f"best proposal IoU {case.bounds.best:.2f}, union {case.bounds.union:.2f}")
    spans = "".join(f"<span>{html.escape(fact)}</span>" for fact in facts if fact)
    return CARD.format(
        text=html.escape(case.text),
        iou=f"{case.iou:.2f}",
        grade="good" if case.iou >= 0.5 else "poor",
        facts=spans,
        target=_image(exhibit.target, f"what is meant by {case.text}"),
        answer=_image(exhibit.answer, f"answer to {case.text}"),
        proposals=_proposals(exhibit.proposals),
    )


def _proposals(lines: Sequence[ProposalLine]) -> str:
    if not lines:
        return ""
    rows = "".join(
        f"<tr><td>{line.iop:.2f}</td><td>{line.iou_score:.2f}</td><td>{line.iou:.2f}</td></tr>"
        for line in lines
    )
    return (
        "<details><summary>proposals of the highest predicted IoP</summary><table><tr>"
        f"<th>IoP</th><th>IoU score</th><th>IoU with the target</th></tr>{rows}</table></details>"
    )


def _image(rgb: np.ndarray, description: str) -> str:
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    if not done:
        raise ValueError(f"OpenCV cannot write an image of shape {rgb.shape} as JPEG")
    code = base64.b64encode(data.tobytes()).decode("ascii")
    alt = html.escape(description)
    return f'<img loading="lazy" alt="{alt}" src="data:image/jpeg;base64,{code}">'


STYLE = """
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 90rem; padding: 1.5rem; }
h1 { margin: 0 0 .25rem; font-size: 1.5rem; }
h2 { margin: 1.75rem 0 .75rem; font-size: 1.2rem; }
h3 { margin: 0; font-size: 1rem; }
.keys, .facts { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: .25rem 0 0; }
.facts { font-size: .85rem; opacity: .85; }
.keys i { display: inline-block; width: .9em; height: .9em; margin-right: .35em; }
.keys i { border-radius: .2em; vertical-align: -.1em; }
.cards { display: grid; gap: 1.25rem; align-items: start; }
.cards { grid-template-columns: repeat(auto-fill, minmax(min(34rem, 100%), 1fr)); }
article { border: 1px solid #8885; border-radius: .6rem; overflow: hidden; }
article header, details { padding: .7rem .9rem; }
.good { color: #1a8f4c; font-weight: 600; }
.poor { color: #c8452f; font-weight: 600; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; }
figure { margin: 0; }
img { display: block; width: 100%; }
figcaption { padding: .3rem .9rem; font-size: .8rem; opacity: .75; }
details { font-size: .85rem; padding-top: .2rem; }
table { border-collapse: collapse; margin-top: .4rem; }
td, th { padding: .1rem .8rem .1rem 0; text-align: right; font-weight: normal; }
th { opacity: .75; }
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p class="keys">{keys}</p>
{sections}
</body>
</html>
"""

CARD = """<article>
<header><h3>{text}</h3>
<p class="facts"><span class="{grade}">IoU {iou}</span>{facts}</p></header>
<div class="pair">
<figure>{target}<figcaption>what is meant</figcaption></figure>
<figure>{answer}<figcaption>the answer</figcaption></figure>
</div>{proposals}
</article>
"""
