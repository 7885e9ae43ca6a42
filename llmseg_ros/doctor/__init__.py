# SPDX-License-Identifier: Apache-2.0
"""What `llmseg doctor` says of ROS: the environment, the middleware, and what a camera sends.

rclpy is imported in a process of its own only: in a wrong environment it may crash.
"""

__all__: list[str] = []
