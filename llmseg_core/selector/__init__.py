# SPDX-License-Identifier: Apache-2.0
"""The mask selector: scores of proposals, and the rules that take some of them."""

__all__: list[str] = []
