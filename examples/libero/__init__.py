# SPDX-License-Identifier: Apache-2.0
"""The robot's loop, closed on the simulated robot of LIBERO; docs/libero.md walks through it."""
