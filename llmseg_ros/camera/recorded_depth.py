# SPDX-License-Identifier: Apache-2.0
"""The depth images of a recording that belong to the images of one of its topics."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from rosbags.typesys.store import Typestore

from llmseg_core.recordings.recording import Recording
from llmseg_core.recordings.storage import StoredMessage
from llmseg_ros.messages.depth_conversions import depth_values

from .camera_frame import OFF, DepthImage, Report, SourceError

__all__ = [
    "COMPRESSED_TYPE",
    "DEPTH_SUFFIX",
    "RAW_TYPE",
    "RecordedDepth",
    "depth_frame_id",
    "nearest",
    "stamp_ns",
]

RAW_TYPE = "sensor_msgs/msg/Image"
COMPRESSED_TYPE = "sensor_msgs/msg/CompressedImage"
DEPTH_SUFFIX = "/compressedDepth"
PAIRED_NS = 10**8
"""between the times at which an image and its depth were recorded, at most"""


class RecordedDepth:
    """The depth images of one topic.

    Attributes:
        topic: its name; empty where the recording has no depth for these images.
    """

    def __init__(
        self,
        recording: Recording,
        types: Typestore,
        wanted: str,
        frame_id: str | None,
        report: Report,
    ) -> None:
        """Chooses the topic.

        Args:
            recording: has it.
            types: reads its messages.
            wanted: the topic, with or without its first "/"; empty is the only one whose images
                are depth in `frame_id`, "off" none.
            frame_id: of the colour images; None where it is not known.
            report: receives one sentence for each depth image that cannot be read.

        Raises:
            SourceError: there is no such topic of images.
        """
        self._recording, self._types, self._report = recording, types, report
        self._kinds = {
            name: kind
            for name, kind in recording.types.items()
            if kind == RAW_TYPE or (kind == COMPRESSED_TYPE and name.endswith(DEPTH_SUFFIX))
        }
        self.topic = "" if wanted == OFF else self._choose(wanted, frame_id)
        self._messages = recording.messages(self.topic) if self.topic else []

    def of(self, message: StoredMessage, stamp: int) -> DepthImage | None:
        """The depth of a colour image, by the times of recording; None if there is none.

        Args:
            message: the colour image's.
            stamp: its header's, in ns.
        """
        found = nearest(self._messages, message.time_ns)
        if found is None or abs(found.time_ns - message.time_ns) > PAIRED_NS:
            return None
        try:
            msg = self._read(found, self.topic)
            values = depth_values(msg)
        except Exception as error:  # of whatever library meets damaged bytes
            self._report(f"skipped a depth image of {self.topic}: {error or type(error).__name__}")
            return None
        return DepthImage(values, stamp_ns(msg) - stamp, msg.header.frame_id)

    def _choose(self, wanted: str, frame_id: str | None) -> str:
        if wanted:
            for topic in (wanted, f"/{wanted}"):
                if topic in self._kinds:
                    return topic
            raise SourceError(
                f"no topic of depth images {wanted!r} in the recording, which has "
                f"{', '.join(sorted(self._kinds)) or 'none'}"
            )
        fitting = [topic for topic in sorted(self._kinds) if self._is_depth(topic, frame_id)]
        scenes = {topic.removesuffix(DEPTH_SUFFIX) for topic in fitting}
        return fitting[0] if len(scenes) == 1 else ""

    def _is_depth(self, topic: str, frame_id: str | None) -> bool:
        """Whether the topic's first image is depth of the colour images' pixels."""
        frame = depth_frame_id(self._recording, self._types, topic)
        return frame is not None and frame_id in (None, frame)

    def _read(self, message: StoredMessage, topic: str) -> Any:
        return self._types.deserialize_cdr(message.read(), self._kinds[topic])


def depth_frame_id(recording: Recording, types: Typestore, topic: str) -> str | None:
    """The frame of a topic whose first image is depth; None of another topic."""
    try:
        first = recording.messages(topic)[0]
        msg: Any = types.deserialize_cdr(first.read(), recording.types[topic])
        depth_values(msg)
    except Exception:  # no image, no depth, or damaged
        return None
    is_infrared = getattr(msg, "encoding", "") == "mono16"
    return None if is_infrared else str(msg.header.frame_id)


def nearest(messages: list[StoredMessage], time_ns: int) -> StoredMessage | None:
    """The one that was recorded at about that time; None if there are none."""
    after = bisect_left(messages, time_ns, key=lambda message: message.time_ns)
    near = messages[max(0, after - 1) : after + 1]
    return min(near, key=lambda message: abs(message.time_ns - time_ns), default=None)


def stamp_ns(msg: Any) -> int:
    """The stamp of a message's header."""
    return int(msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec)
