# SPDX-License-Identifier: Apache-2.0
"""What is learnt: losses, targets, batches and scores."""

__all__: list[str] = []
