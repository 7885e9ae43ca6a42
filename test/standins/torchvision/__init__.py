# SPDX-License-Identifier: Apache-2.0
"""Stands in for the four functions of torchvision that segment_anything 1.0 imports.

There is no torchvision beside the CPU build of PyTorch. Written from torchvision's documentation;
only the arguments that segment_anything passes.
"""
