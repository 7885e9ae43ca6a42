# SPDX-License-Identifier: Apache-2.0
"""Training and evaluation of the method; at run time nothing of it is needed.

Modules are imported by name (`from llmseg_training.embedded.recipe import load_recipe`): scenes and
questions do without the networks that the stages need. `README.md` has a line on each.
"""

__all__: list[str] = []
