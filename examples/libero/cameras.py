# SPDX-License-Identifier: Apache-2.0
"""The node `libero`: a scene of LIBERO as two cameras of a robot, on ROS 2 topics.

For each camera, scene and wrist:
/scene/image_raw      sensor_msgs/Image rgb8
/scene/depth          sensor_msgs/Image 32FC1, metres, the colour image's pixels
/scene/camera_info    sensor_msgs/CameraInfo, without distortion
/scene/things         sensor_msgs/Image mono8: the number of the thing in each pixel, 0 elsewhere
/scene/pose           geometry_msgs/PoseStamped: the camera's optical frame in the frame world

/things               visualization_msgs/MarkerArray: the true box of each thing, its name in ns,
                      its number in id, in the frame world
/tf                   tf2_msgs/TFMessage: both poses, where tf2_msgs is installed
"""

from __future__ import annotations

import argparse
import signal
import sys
from array import array
from contextlib import closing
from typing import Any

import numpy as np
import rclpy
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion, TransformStamped, Vector3
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from llmseg_ros.process import StartError
from llmseg_ros.ros_context import ros_context

from .simulation import CAMERAS, Simulation, View
from .tasks import LEARNING_SUITE, Task, suite_tasks
from .variation import move_arm, rearrange

try:
    from tf2_msgs.msg import TFMessage
except ImportError:  # of the wheels; every distribution has it
    TFMessage = None

__all__ = ["LiberoCameras", "main"]

WORLD = "world"


class LiberoCameras(Node):
    """Renders both cameras again and again, while the arm moves a little.

    Args:
        simulation: its scene is set up.
        size: (W, H) pixels of both images.
        period_s: seconds from one pair of images to the next, if rendering is as fast.
        seed: of the arm's motion; None keeps it still.
    """

    def __init__(
        self, simulation: Simulation, size: tuple[int, int], period_s: float, seed: int | None
    ) -> None:
        super().__init__("libero")
        self._simulation, self._size = simulation, size
        self._rng = None if seed is None else np.random.default_rng(seed)
        topics = {"image_raw": Image, "depth": Image, "things": Image, "camera_info": CameraInfo}
        self._outputs = {
            (camera, topic): self.create_publisher(kind, f"{camera}/{topic}", 5)
            for camera in CAMERAS
            for topic, kind in {**topics, "pose": PoseStamped}.items()
        }
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._things = self.create_publisher(MarkerArray, "things", latched)
        self._tf = None if TFMessage is None else self.create_publisher(TFMessage, "/tf", 10)
        self.create_timer(period_s, self._publish)
        self.get_logger().info(f"{simulation.task.name}: {simulation.sentence}")

    def _publish(self) -> None:
        """Both cameras at one moment."""
        if self._rng is not None:
            self._simulation.move_arm(self._rng.normal(0, 0.004, 7))
        stamp = self.get_clock().now().to_msg()
        for camera in CAMERAS:
            view = self._simulation.view(camera, self._size)
            header = Header(stamp=stamp, frame_id=f"{camera}_optical_frame")
            for topic, message in (
                ("pose", self._pose(view, header)),
                ("camera_info", _camera_info(view, header)),
                ("depth", _image(view.depth, "32FC1", header)),
                ("things", _image(view.numbers, "mono8", header)),
                ("image_raw", _image(view.image, "rgb8", header)),
            ):
                self._outputs[camera, topic].publish(message)
        self._things.publish(self._markers(Header(stamp=stamp, frame_id=WORLD)))

    def _pose(self, view: View, header: Header) -> PoseStamped:
        position = Point(**dict(zip("xyz", map(float, view.pose[:3, 3]), strict=True)))
        orientation = _quaternion(view.pose[:3, :3])
        world = Header(stamp=header.stamp, frame_id=WORLD)
        if self._tf is not None:
            moved = TransformStamped(header=world, child_frame_id=header.frame_id)
            moved.transform.translation = Vector3(x=position.x, y=position.y, z=position.z)
            moved.transform.rotation = orientation
            self._tf.publish(TFMessage(transforms=[moved]))
        return PoseStamped(header=world, pose=Pose(position=position, orientation=orientation))

    def _markers(self, header: Header) -> MarkerArray:
        markers = []
        for thing in self._simulation.things():
            low, high = self._simulation.extent(thing.name)
            middle, size = (low + high) / 2, high - low
            marker = Marker(header=header, ns=thing.name, id=thing.number, type=Marker.CUBE)
            marker.pose.position = Point(**dict(zip("xyz", map(float, middle), strict=True)))
            marker.scale = Vector3(**dict(zip("xyz", map(float, size), strict=True)))
            marker.color = ColorRGBA(r=0.2, g=0.8, b=0.3, a=0.4)
            markers.append(marker)
        return MarkerArray(markers=markers)


def _image(pixels: NDArray[Any], encoding: str, header: Header) -> Image:
    data = array("B")
    data.frombytes(np.ascontiguousarray(pixels).tobytes())
    height, width = pixels.shape[:2]
    step = pixels.nbytes // height
    return Image(header=header, height=height, width=width, encoding=encoding, step=step, data=data)


def _camera_info(view: View, header: Header) -> CameraInfo:
    height, width = view.depth.shape
    projection = np.zeros((3, 4))
    projection[:, :3] = view.intrinsics
    return CameraInfo(
        header=header,
        height=height,
        width=width,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=view.intrinsics.ravel(),
        r=np.eye(3).ravel(),
        p=projection.ravel(),
    )


def _quaternion(turn: NDArray[np.float64]) -> Quaternion:
    """Of a rotation (3, 3)."""
    squares = np.array(
        [
            1 + turn[0, 0] - turn[1, 1] - turn[2, 2],
            1 - turn[0, 0] + turn[1, 1] - turn[2, 2],
            1 - turn[0, 0] - turn[1, 1] + turn[2, 2],
            1 + turn[0, 0] + turn[1, 1] + turn[2, 2],
        ]
    )
    x, y, z, w = np.sqrt(np.maximum(squares, 0)) / 2
    return Quaternion(
        x=float(np.copysign(x, turn[2, 1] - turn[1, 2])),
        y=float(np.copysign(y, turn[0, 2] - turn[2, 0])),
        z=float(np.copysign(z, turn[1, 0] - turn[0, 1])),
        w=float(w),
    )


def main(arguments: list[str] | None = None) -> int:
    """`python -m examples.libero.cameras alphabet_soup`."""
    parser = argparse.ArgumentParser(prog="examples.libero.cameras", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("task", help="a part of a task's name, such as turn_on_the_stove")
    parser.add_argument("--suite", default=LEARNING_SUITE, help="of LIBERO (%(default)s)")
    parser.add_argument("--state", type=int, default=0, help="initial state (%(default)s)")
    parser.add_argument("--rearrange", type=int, metavar="SEED", help="put the things elsewhere")
    parser.add_argument("--still", action="store_true", help="do not move the arm")
    parser.add_argument("--size", type=int, nargs=2, default=(256, 256), metavar=("W", "H"))
    parser.add_argument("--period", type=float, default=0.5, metavar="S", help="(%(default)s)")
    options, ros_arguments = parser.parse_known_args(arguments)
    try:
        found = [task for task in suite_tasks(options.suite) if options.task in task.name]
        if not found:
            raise ValueError(f"no task of {options.suite} has {options.task!r} in its name")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    # As SIGINT does. Were rclpy shut down by a signal, it would be between two messages of a view.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _show(found[0], options, ros_arguments)
    except KeyboardInterrupt:
        pass
    except StartError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status
    return 0


def _show(task: Task, options: argparse.Namespace, ros_arguments: list[str]) -> None:
    with closing(Simulation(task)) as simulation, ros_context(ros_arguments):
        simulation.set_state(options.state)
        simulation.step(5)
        if options.rearrange is not None:
            rng = np.random.default_rng(options.rearrange)
            move_arm(simulation, rng)
            rearrange(simulation, rng)
        seed = None if options.still else 0
        node = LiberoCameras(simulation, tuple(options.size), options.period, seed)
        try:
            rclpy.spin(node)
        finally:
            node.destroy_node()


if __name__ == "__main__":
    raise SystemExit(main())
