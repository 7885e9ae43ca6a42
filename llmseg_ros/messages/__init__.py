# SPDX-License-Identifier: Apache-2.0
"""ROS messages to arrays and back."""

__all__: list[str] = []
