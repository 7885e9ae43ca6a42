# SPDX-License-Identifier: Apache-2.0
"""The page on which people label their own images: `llmseg label FOLDER`."""

__all__: list[str] = []
