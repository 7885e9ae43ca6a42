# SPDX-License-Identifier: Apache-2.0
"""What this machine has and what is wrong with it, each with the command that mends it."""

__all__: list[str] = []
