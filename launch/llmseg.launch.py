# SPDX-License-Identifier: Apache-2.0
"""Starts the segmentation node, and RViz where it is wanted.

An argument that is left empty leaves its parameter to the parameter file. The node configures and
activates itself, unless the file says `autostart: false`.
"""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode, Node
from launch_ros.substitutions import FindPackageShare

from llmseg_ros.fast_dds import large_message_environment

SHARE = FindPackageShare("llmseg_ros")


def start_node(context: LaunchContext) -> list[LifecycleNode]:
    """The segmentation node, with the arguments that were given on top of the parameter file."""
    values = {name: LaunchConfiguration(name).perform(context) for name in ("model", "device")}
    given = {name: value for name, value in values.items() if value}
    return [
        LifecycleNode(
            package="llmseg_ros",
            executable="llmseg_node",
            name="llmseg",
            namespace="",
            parameters=[LaunchConfiguration("params_file"), *([given] if given else [])],
            remappings=[("image", LaunchConfiguration("image_topic"))],
            output="screen",
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """The arguments, the node and RViz."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "model", default_value="", description="model directory, or embedded"
            ),
            DeclareLaunchArgument(
                "image_topic", default_value="image", description="topic of the camera's images"
            ),
            DeclareLaunchArgument(
                "device", default_value="", description="torch device: cpu, cuda, cuda:1, ..."
            ),
            DeclareLaunchArgument(
                "params_file",
                default_value=PathJoinSubstitution([SHARE, "config", "llmseg.yaml"]),
                description="parameter file of the node",
            ),
            DeclareLaunchArgument(
                "rviz", default_value="false", description="whether to show image, overlay and mask"
            ),
            *(
                SetEnvironmentVariable(name, value)
                for name, value in large_message_environment().items()
            ),
            OpaqueFunction(function=start_node),
            Node(
                package="rviz2",
                executable="rviz2",
                name="llmseg_rviz",
                arguments=["-d", PathJoinSubstitution([SHARE, "rviz", "llmseg.rviz"])],
                remappings=[("/image", LaunchConfiguration("image_topic"))],
                condition=IfCondition(LaunchConfiguration("rviz")),
            ),
        ]
    )
