# SPDX-License-Identifier: Apache-2.0
"""Whole walks with things that this project did not make."""
