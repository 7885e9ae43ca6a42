# SPDX-License-Identifier: Apache-2.0
"""What an instruction names, and where it is: namers, locators, VLMs that answer with boxes."""

__all__: list[str] = []
