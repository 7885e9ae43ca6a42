# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 layer of llmseg: it converts, schedules and reports; the method is in `llmseg_core`.

The generated messages and services are `llmseg_ros.msg` and `llmseg_ros.srv`. An installed package
holds them beside these modules; a source checkout finds them on the path where they were installed.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)

__all__: list[str] = []
