# SPDX-License-Identifier: Apache-2.0
"""Answers for Rerun, a viewer of what robots and their learners see: https://rerun.io."""

__all__: list[str] = []
