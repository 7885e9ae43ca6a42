# SPDX-License-Identifier: Apache-2.0
"""What the segmentation node publishes of an answer."""

from __future__ import annotations

import time

from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.time import Time
from sensor_msgs.msg import Image, RegionOfInterest
from std_msgs.msg import Header

from llmseg_core.images.overlay import draw_overlay
from llmseg_core.types import Segmentation
from llmseg_ros.msg import ProposalScore, SegmentationResult, StageTime

from .conversions import mask_to_image, rgb_to_image
from .frame import SegmentedFrame

__all__ = ["Outputs", "answer_message"]

QUEUE_DEPTH = 5
SECOND_NS = 10**9


class Outputs:
    """The publishers of `~/mask`, `~/overlay` and `~/result`; silent while the node is inactive.

    They are reliable, as RViz and image viewers expect, and their QoS can be overridden.
    """

    def __init__(self, node: LifecycleNode) -> None:
        """Makes the publishers."""
        self._node = node
        self._mask = self._publisher(Image, "~/mask")
        self._overlay = self._publisher(Image, "~/overlay")
        self._result = self._publisher(SegmentationResult, "~/result")

    def publish(self, answer: SegmentedFrame, dropped_frames: int) -> None:
        """Publishes mask and result, and then the overlay where someone listens."""
        start = time.perf_counter()
        header, segmentation = answer.frame.header, answer.segmentation
        mask = mask_to_image(segmentation.mask, header)
        # Before the mask goes out: both come, or neither does.
        result = answer_message(answer, self._node.get_clock().now(), dropped_frames, mask)
        self._mask.publish(mask)
        publish_ms = 1000 * (time.perf_counter() - start)
        result.stage_times.append(StageTime(stage="publish", milliseconds=publish_ms))
        self._result.publish(result)
        if self._overlay.get_subscription_count() > 0:  # last: it is for people, and takes longest
            overlay = draw_overlay(answer.frame.image, segmentation)
            self._overlay.publish(rgb_to_image(overlay, header, "bgr8"))

    def destroy(self) -> None:
        """Takes the publishers away."""
        for publisher in (self._mask, self._overlay, self._result):
            self._node.destroy_lifecycle_publisher(publisher)

    def _publisher(self, message_type: type, topic: str) -> LifecyclePublisher:
        return self._node.create_lifecycle_publisher(
            message_type,
            topic,
            QoSProfile(depth=QUEUE_DEPTH),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )


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
