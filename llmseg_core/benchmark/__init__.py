# SPDX-License-Identifier: Apache-2.0
"""How fast the method is beside the published way and the lower bound."""

__all__: list[str] = []
