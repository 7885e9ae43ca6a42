# SPDX-License-Identifier: Apache-2.0
"""Released checkpoints of the method, converted into model directories."""

__all__: list[str] = []
