# SPDX-License-Identifier: Apache-2.0
"""The message of an answer, `llmseg_ros/SegmentationResult`."""

from __future__ import annotations

from math import nan

from rclpy.time import Time
from sensor_msgs.msg import Image, RegionOfInterest
from std_msgs.msg import Header

from llmseg_core.types import Segmentation
from llmseg_ros.msg import ProposalScore, SegmentationResult, StageTime

from .conversions import mask_to_image
from .frame import SegmentedFrame

__all__ = ["answer_message"]

SECOND_NS = 10**9


def answer_message(
    answer: SegmentedFrame, now: Time, dropped_frames: int, mask: Image | None = None
) -> SegmentationResult:
    """The message of an answer and of everything that led to it.

    Args:
        answer: its frame's header becomes the message's.
        now: the node's time, for the age.
        dropped_frames: frames dropped so far.
        mask: the answer's mask as a message, if it is made already.
    """
    header, segmentation = answer.frame.header, answer.segmentation
    stamp_ns = _nanoseconds(header)
    presence = segmentation.selection.presence
    key_age_ns = max(0, stamp_ns - _nanoseconds(answer.key.header)) if answer.key else 0
    return SegmentationResult(
        header=header,
        instruction=segmentation.instruction,
        method=segmentation.method,
        phrase=segmentation.phrase,
        followed=answer.key is not None,
        track_id=answer.track_id,
        key_frame_age_ms=key_age_ns / 1e6,
        found=segmentation.found,
        confidence=segmentation.confidence,
        presence=nan if presence is None else presence,
        reason=segmentation.reason,
        mask=mask or mask_to_image(segmentation.mask, header),
        region_of_interest=_region(segmentation.box_px),
        proposals=_proposals(segmentation),
        stage_times=[
            StageTime(stage=stage, milliseconds=float(milliseconds))
            for stage, milliseconds in segmentation.timings_ms.items()
        ],
        age_ms=(now.nanoseconds - stamp_ns) / 1e6,
        dropped_frames=dropped_frames,
    )


def _nanoseconds(header: Header) -> int:
    """A stamp; rclpy's Time takes none before 1970, which a camera may have."""
    return int(header.stamp.sec * SECOND_NS + header.stamp.nanosec)


def _proposals(segmentation: Segmentation) -> list[ProposalScore]:
    selected = set(segmentation.selection.indices)
    columns = zip(
        segmentation.candidates.iou_score.tolist(),
        segmentation.candidates.iop.tolist(),
        segmentation.candidates.score.tolist(),
        segmentation.candidates.boxes_px.int().tolist(),
        segmentation.candidates.areas_px.tolist(),
        strict=True,
    )
    return [
        ProposalScore(
            iou_score=iou_score,
            iop=iop,
            score=score,
            region_of_interest=_region(box),
            area_px=area,
            selected=index in selected,
        )
        for index, (iou_score, iop, score, box, area) in enumerate(columns)
    ]


def _region(box: tuple[int, int, int, int] | list[int] | None) -> RegionOfInterest:
    """A message of an inclusive pixel box: left, top, right, bottom; all 0 without a box."""
    if box is None:
        return RegionOfInterest()
    left, top, right, bottom = box
    return RegionOfInterest(
        x_offset=left, y_offset=top, width=right - left + 1, height=bottom - top + 1
    )
