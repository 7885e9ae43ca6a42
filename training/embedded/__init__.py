# SPDX-License-Identifier: Apache-2.0
"""The packaged model: how it is trained from nothing, tuned and ablated."""

__all__: list[str] = []
