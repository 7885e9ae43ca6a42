# SPDX-License-Identifier: Apache-2.0
"""The node that plays recordings, images, videos and webcams as a camera."""

__all__: list[str] = []
