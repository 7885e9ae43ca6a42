# SPDX-License-Identifier: Apache-2.0
"""Images with regions, from the formats that people have, and which of them are taken."""

__all__: list[str] = []
