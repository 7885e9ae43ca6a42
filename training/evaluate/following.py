# SPDX-License-Identifier: Apache-2.0
"""How well masks are followed on rendered sequences, whose masks are known in every frame."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from llmseg_core.following.follower import Follower
from llmseg_core.following.tracker import Tracker

from ..scenes.sequence import SceneSequence

__all__ = ["AFTER", "ObjectCourse", "follow_sequence", "following_table", "score_following"]

AFTER = (1, 5, 10, 20, 30)
"""frames after the key frame at which the IoU is told"""
GONE, SEEN = 0.1, 0.5
"""shares of an object's pixels in the key frame: fewer, and it is gone; more, and it can be seen"""
NOTICED_WITHIN = 5
"""frames"""


@dataclass(frozen=True)
class ObjectCourse:
    """One object of one sequence, by frame from the key frame on.

    Attributes:
        iou: (frames,) of the followed mask with the true one; 0 where it is lost.
        held: (frames,) the same of the key frame's mask where it was.
        visible: (frames,) true pixels as a share of those in the key frame.
        lost: (frames,) bool, whether the follower has given it up.
        ms: (frames - 1,) for an image and this object: by optical flow of the thread's work, by
            another tracker of the clock on the wall.
    """

    iou: NDArray[np.float64]
    held: NDArray[np.float64]
    visible: NDArray[np.float64]
    lost: NDArray[np.bool_]
    ms: NDArray[np.float64]

    @property
    def noticed(self) -> bool | None:
        """Whether it was given up in time once it was gone; None if it never was for so long."""
        gone = self.visible < GONE
        for start in np.flatnonzero(gone):
            until = start + NOTICED_WITHIN
            if until < len(gone) and gone[start:until].all():
                return bool(self.lost[until])
        return None


def follow_sequence(
    sequence: SceneSequence, tracker: Tracker[Any] | None = None, least_area: int = 160
) -> list[ObjectCourse]:
    """Follows the objects of a sequence from their true masks in its first frame.

    Args:
        sequence: with a hand only what the hand deals with is followed.
        tracker: carries masks from image to image; None by optical flow.
        least_area: pixels in the first frame below which an object is left out.
    """
    first = sequence.scenes[0]
    ids = [sequence.object_id] if sequence.object_id else [item.id for item in first.objects]
    masks = [first.instances == number for number in ids]
    return [
        _follow_object(sequence, number, mask, tracker)
        for number, mask in zip(ids, masks, strict=True)
        if mask.sum() >= least_area
    ]


def _follow_object(
    sequence: SceneSequence, number: int, key: NDArray[np.bool_], tracker: Tracker[Any] | None
) -> ObjectCourse:
    follower = Follower(tracker)
    clock = time.thread_time if tracker is None else time.perf_counter
    follower.see(0, sequence.scenes[0].image)
    follower.adopt(0, sequence.scenes[0].image, key[None], 1.0)
    iou, held, visible, lost, spent = [1.0], [1.0], [1.0], [False], []
    for index, scene in enumerate(sequence.scenes[1:], start=1):
        start = clock()
        followed = follower.see(index, scene.image)
        spent.append(1e3 * (clock() - start))
        assert followed is not None  # there was an answer
        truth = scene.instances == number
        visible.append(float(truth.sum() / key.sum()))
        lost.append(bool(followed.lost))
        iou.append(_iou(followed.mask, truth))
        held.append(_iou(key, truth))
    return ObjectCourse(
        np.array(iou), np.array(held), np.array(visible), np.array(lost), np.array(spent)
    )


def _iou(mask: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    either = int((mask | truth).sum())
    return float((mask & truth).sum() / either) if either else 1.0


def score_following(courses: Sequence[ObjectCourse]) -> dict[str, Any]:
    """What is said of many objects.

    Returns:
        "after": for each of `AFTER` the mean IoU of what can be seen then (more than `GONE`), its
        tenth percentile, the mean IoU of the key frame's mask left where it was, and the number of
        objects; "gone" and "noticed": how many went away, and the share that was given up within
        `NOTICED_WITHIN` frames (None if none did); "given_up_though_seen": share of the frames
        with more than `SEEN` of an object; "ms_mean" and "ms_95" of an image and object.

    Raises:
        ValueError: there is no object.
    """
    if not courses:
        raise ValueError("there is no object to follow in these sequences: take more of them")
    after: dict[str, Any] = {}
    for frame in AFTER:
        seen = [c for c in courses if len(c.iou) > frame and c.visible[frame] > GONE]
        if seen:
            iou = np.array([course.iou[frame] for course in seen])
            after[str(frame)] = {
                "iou": float(iou.mean()),
                "tenth": float(np.quantile(iou, 0.1)),
                "held": float(np.mean([course.held[frame] for course in seen])),
                "objects": len(seen),
            }
    gone = [course.noticed for course in courses if course.noticed is not None]
    visible = np.concatenate([course.visible[1:] for course in courses])
    lost = np.concatenate([course.lost[1:] for course in courses])
    times = np.concatenate([course.ms for course in courses])
    return {
        "objects": len(courses),
        "after": after,
        "gone": len(gone),
        "noticed": float(np.mean(gone)) if gone else None,
        "given_up_though_seen": float(lost[visible > SEEN].mean()),
        "ms_mean": float(times.mean()),
        "ms_95": float(np.quantile(times, 0.95)),
    }


def following_table(scores: Mapping[str, Mapping[str, Any]], title: str) -> Table:
    """A column for each event, of what `score_following` returns by name."""
    table = Table(title=f"Following: {title}", title_justify="left")
    table.add_column("")
    for name in scores:
        table.add_column(name, justify="right")
    rows = scores.values()
    table.add_row("objects", *(str(row["objects"]) for row in rows))
    for frame in map(str, AFTER):
        table.add_row(f"IoU after {frame}", *(_ious(row["after"].get(frame)) for row in rows))
    table.add_row("went away", *(str(row["gone"]) for row in rows))
    table.add_row("noticed", *(_percent(row["noticed"]) for row in rows))
    table.add_row("given up though seen", *(_percent(r["given_up_though_seen"]) for r in rows))
    table.add_row("ms", *(f"{row['ms_mean']:.1f}" for row in rows))
    table.add_row("ms, 95 %", *(f"{row['ms_95']:.1f}" for row in rows))
    table.caption = "in brackets: the key frame's mask left where it was"
    return table


def _ious(after: Mapping[str, float] | None) -> str:
    return "" if after is None else f"{after['iou']:.3f} ({after['held']:.3f})"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
