# SPDX-License-Identifier: Apache-2.0
"""Work on many machines, by Ray."""

__all__: list[str] = []
