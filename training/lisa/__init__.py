# SPDX-License-Identifier: Apache-2.0
"""The training of LISA, the paper's competitor, by the same recipes as the paper's."""

__all__: list[str] = []
