# SPDX-License-Identifier: Apache-2.0
"""Masks carried along from image to image between the full answers of a method."""

__all__: list[str] = []
