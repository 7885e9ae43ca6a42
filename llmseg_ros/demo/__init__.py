# SPDX-License-Identifier: Apache-2.0
"""The demonstration: a recording is played, questions are asked, answers are compared and shown.

`python -m llmseg_ros.demo` starts the camera and the node as processes of their own and asks them
over DDS. Its own process needs no PyTorch.
"""

__all__: list[str] = []
