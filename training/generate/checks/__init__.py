# SPDX-License-Identifier: Apache-2.0
"""What is thrown out of the drafts, and why: by rule, and by a second model."""

__all__: list[str] = []
