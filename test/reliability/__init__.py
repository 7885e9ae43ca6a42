# SPDX-License-Identifier: Apache-2.0
"""What the project survives, as commands: `make soak`, `make fuzz`, `make faults`."""
