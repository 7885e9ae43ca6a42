# SPDX-License-Identifier: Apache-2.0
"""Reasoning instructions about tabletop scenes, with the objects that answer them.

`knowledge` says what things are for and what they are like; `function_phrases`,
`property_phrases` and `nouns` how that is put into words; `templates` and `noun_templates` the
sentences around them; `relations` what is where; and `generate` makes samples of all this.
"""

from .catalogue import HOUSEHOLD, TABLETOP, Knowledge, knowledge_of
from .corpus import iter_instructions
from .generate import ABSENT_SHARE, KIND_SHARES, generate_samples, shares_with_relations
from .knowledge import CATEGORIES, COLOURS
from .objects import SceneObject
from .question import KINDS, Kind, QuestionSample
from .wording import SPLITS, Split

__all__ = [
    "ABSENT_SHARE",
    "CATEGORIES",
    "COLOURS",
    "HOUSEHOLD",
    "KINDS",
    "KIND_SHARES",
    "SPLITS",
    "TABLETOP",
    "Kind",
    "Knowledge",
    "QuestionSample",
    "SceneObject",
    "Split",
    "generate_samples",
    "iter_instructions",
    "knowledge_of",
    "shares_with_relations",
]
