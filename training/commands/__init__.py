# SPDX-License-Identifier: Apache-2.0
"""The commands that training adds to `llmseg`."""

__all__: list[str] = []
