# SPDX-License-Identifier: Apache-2.0
"""Questions with masks for real images (paper section 4), checked: `llmseg generate`.

`sources` are images with regions and `masks` give every region one, `chat` asks language models,
`asking` turns images into drafts of questions, `checks` throw out the bad ones, and `result` writes
the data set; `run` is all of it.
"""

__all__: list[str] = []
