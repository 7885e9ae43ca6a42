# SPDX-License-Identifier: Apache-2.0
"""Where networks run and what they may use: devices, time, memory, files that are whole."""

__all__: list[str] = []
