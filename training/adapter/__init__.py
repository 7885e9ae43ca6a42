# SPDX-License-Identifier: Apache-2.0
"""The paper's training: LoRA on the VLM, and the mask selector."""

__all__: list[str] = []
