# SPDX-License-Identifier: Apache-2.0
"""Messages in the files of rosbag2 recordings, without ROS."""

__all__: list[str] = []
