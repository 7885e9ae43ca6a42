# SPDX-License-Identifier: Apache-2.0
"""`llmseg.launch.py` for real, where launch_testing is installed: `colcon test` runs it."""

from __future__ import annotations

import unittest
from pathlib import Path

import launch_testing.actions
import launch_testing.asserts
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.substitutions import FindPackageShare

START_S = 120.0
"""seconds that the node may take to load the packaged model, on a busy machine"""


def generate_test_description() -> LaunchDescription:
    launch_file = Path(FindPackageShare("llmseg_ros").find("llmseg_ros"), "launch/llmseg.launch.py")
    source = PythonLaunchDescriptionSource(str(launch_file))
    arguments = {"image_topic": "/front/image_raw"}
    return LaunchDescription(
        [
            IncludeLaunchDescription(source, launch_arguments=arguments.items()),
            launch_testing.actions.ReadyToTest(),
        ]
    )


class Running(unittest.TestCase):
    def test_the_node_becomes_active_with_the_arguments(self, proc_output) -> None:
        proc_output.assertWaitFor("active: images from /front/image_raw", timeout=START_S)


@launch_testing.post_shutdown_test()
class Ended(unittest.TestCase):
    def test_processes_end_in_order(self, proc_info) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
