# SPDX-License-Identifier: Apache-2.0
"""Plays the shipped recording, asks its questions, and segments what they mean.

The camera keeps the recorded stamps, by which questions and scenes find each other.
"""

import sys
from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

import llmseg_ros.demo

RECORDING = Path(llmseg_ros.demo.__file__).parent / "recording"
LLMSEG_LAUNCH = Path(__file__).parent / "llmseg.launch.py"


def generate_launch_description() -> LaunchDescription:
    """Node and RViz first: their launch file sets the environment that the camera needs too."""
    return LaunchDescription(
        [
            DeclareLaunchArgument("model", default_value="", description="model directory"),
            DeclareLaunchArgument("device", default_value="", description="torch device"),
            DeclareLaunchArgument("rviz", default_value="true", description="whether to show it"),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(LLMSEG_LAUNCH)),
                launch_arguments={
                    "model": LaunchConfiguration("model"),
                    "device": LaunchConfiguration("device"),
                    "rviz": LaunchConfiguration("rviz"),
                }.items(),
            ),
            Node(
                package="llmseg_ros",
                executable="llmseg_camera",
                name="llmseg_camera",
                parameters=[{"source": str(RECORDING), "recorded_stamps": True}],
                output="screen",
            ),
            ExecuteProcess(
                cmd=[sys.executable, "-m", "llmseg_ros.demo.ask", str(RECORDING)],
                name="llmseg_asker",
                output="screen",
            ),
        ]
    )
