# SPDX-License-Identifier: Apache-2.0
"""The command `llmseg`."""

__all__: list[str] = []
