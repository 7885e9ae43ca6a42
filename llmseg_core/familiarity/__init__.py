# SPDX-License-Identifier: Apache-2.0
"""Whether an image is like those that a model was trained on, by what its encoders see in it."""

__all__: list[str] = []
