# SPDX-License-Identifier: Apache-2.0
"""The lifecycle node that segments what an instruction means."""

__all__: list[str] = []
