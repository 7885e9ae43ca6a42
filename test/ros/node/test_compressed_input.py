# SPDX-License-Identifier: Apache-2.0
"""Compressed images in and out, over DDS."""

from __future__ import annotations

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.qos import QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from helpers.observer import Observer
from helpers.pictures import picture
from helpers.segmentation_rig import SegmentationRig
from helpers.small_model import save_small_model
from llmseg_ros.messages.compressed_images import compressed_to_rgb, rgb_to_compressed


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("model") / "small"
    save_small_model(directory)
    return str(directory)


def compressed(stamp_s: int, height: int = 60, format_text: str = "") -> CompressedImage:
    header = Header(stamp=Time(seconds=stamp_s).to_msg(), frame_id="camera")
    message = rgb_to_compressed(picture(0, height, 80), header, 90)
    message.format = format_text or message.format
    return message


def test_compressed_images_are_answered_and_bad_ones_named(observer: Observer, model: str) -> None:
    rig = SegmentationRig(observer, model=model, image_transport="compressed", max_megapixels=0.01)
    topic = "image/compressed"
    assert observer.node.count_subscribers("image") == 0
    images = observer.node.create_publisher(CompressedImage, topic, QoSProfile(depth=50))
    observer.wait_until(lambda: images.get_subscription_count() > 0)
    for output in ("result", "mask"):
        rig.wait_for_listener(f"/llmseg/{output}")
    rig.instruct("mug")
    for stamp, format_text in enumerate(("", "jpeg", "odd; ;", "mono8; jpeg compressed "), 1):
        images.publish(compressed(stamp, format_text=format_text))
        result = rig.result(stamp)
        assert (result.mask.height, result.header.frame_id) == (60, "camera")
    assert result.stage_times[0].stage == "convert"

    images.publish(compressed(5, height=126))  # 0.01008 megapixels
    status = rig.wait_for_diagnostics(DiagnosticStatus.ERROR, "80 x 126 pixels")
    assert "/image/compressed: compressed image too large" in status.message
    truncated = compressed(6)
    truncated.data = truncated.data[: len(truncated.data) // 2]
    no_image = compressed(7)
    no_image.data = no_image.data[::-1]
    for message in (truncated, no_image):
        images.publish(message)
    observer.wait_until(lambda: any("cannot decode a compressed" in log for log in rig.logs))
    assert rig.set_parameter("max_megapixels", 1.0).successful
    images.publish(compressed(8, height=126))
    assert rig.result(8).mask.height == 126

    # The overlay as JPEG, drawn while somebody listens.
    overlays: list[CompressedImage] = []
    observer.node.create_subscription(
        CompressedImage, "llmseg/overlay/compressed", overlays.append, 5
    )
    rig.wait_for_listener("/llmseg/overlay/compressed")
    sizes = []
    for stamp, quality in ((9, 95), (10, 5)):
        assert rig.set_parameter("overlay_jpeg_quality", quality).successful
        images.publish(compressed(stamp))
        observer.wait_until(lambda: any(o.header.stamp.sec == stamp for o in overlays))  # noqa: B023
        assert compressed_to_rgb(overlays[-1]).shape == (60, 80, 3)
        sizes.append(len(overlays[-1].data))
    assert sizes[0] > sizes[1]
    assert "101" in rig.set_parameter("overlay_jpeg_quality", 101).reason
    assert "while the model is loaded" in rig.set_parameter("image_transport", "raw").reason


def test_a_transport_that_there_is_not_is_refused(observer: Observer, model: str) -> None:
    rig = SegmentationRig(observer, model=model, autostart=False)
    refused = rig.set_parameter("image_transport", "theora")
    assert "image_transport is 'theora', it must be raw or compressed" in refused.reason
    assert rig.set_parameter("image_transport", "compressed").successful
