# SPDX-License-Identifier: Apache-2.0
"""Plays the shipped recording, asks its questions, and segments what they mean.

The camera keeps the recorded stamps, by which questions and scenes find each other. All arguments
of llmseg.launch.py are taken.
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.descriptions import ParameterValue

import llmseg_ros.demo
from llmseg_ros.fast_dds import large_message_environment
from llmseg_ros.launch_arguments import beside

RECORDING = str(Path(llmseg_ros.demo.__file__).parent / "recording")
LLMSEG_LAUNCH = Path(__file__).parent / "llmseg.launch.py"


def start(context: LaunchContext) -> list[Node]:
    """The camera and the node that asks, in the namespace and on the topics of the node."""
    namespace = LaunchConfiguration("namespace").perform(context)
    image_topic = LaunchConfiguration("image_topic").perform(context)
    remappings = [("image", image_topic), ("camera_info", beside(image_topic, "camera_info"))]
    return [
        Node(
            package="llmseg_ros",
            executable="llmseg_camera",
            name="llmseg_camera",
            namespace=namespace,
            parameters=[
                {
                    "source": ParameterValue(RECORDING, value_type=str),
                    "recorded_stamps": True,
                }
            ],
            remappings=remappings,
            additional_env=large_message_environment(),
            output="screen",
        ),
        Node(
            package="llmseg_ros",
            executable="llmseg_asker",
            name="llmseg_asker",
            namespace=namespace,
            arguments=[RECORDING],
            remappings=remappings,
            output="screen",
        ),
    ]


def generate_launch_description() -> LaunchDescription:
    """Node and RViz, and what is in front of them."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "rviz",
                default_value="auto",
                description="whether to show it; auto: where RViz is installed",
            ),
            IncludeLaunchDescription(PythonLaunchDescriptionSource(str(LLMSEG_LAUNCH))),
            OpaqueFunction(function=start),
        ]
    )
