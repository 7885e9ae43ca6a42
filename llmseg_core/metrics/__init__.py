# SPDX-License-Identifier: Apache-2.0
"""How masks overlap: IoU of pairs, gIoU, cIoU and ncIoU of many."""

__all__: list[str] = []
