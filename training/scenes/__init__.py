# SPDX-License-Identifier: Apache-2.0
"""Rendered egocentric tabletop scenes with ground truth."""

from __future__ import annotations

from .categories import CATEGORIES, Category
from .colours import COLOURS
from .folder import SceneFolder, write_scenes
from .more_categories import ALL_CATEGORIES, CATALOGUES
from .render import render_scene
from .scene import BACKGROUND_ID, TABLE_ID, Scene, SceneConfig, SceneObject
from .sheet import contact_sheet
from .splits import SPLITS, scene_seed

__all__ = [
    "ALL_CATEGORIES",
    "BACKGROUND_ID",
    "CATALOGUES",
    "CATEGORIES",
    "COLOURS",
    "SPLITS",
    "TABLE_ID",
    "Category",
    "Scene",
    "SceneConfig",
    "SceneFolder",
    "SceneObject",
    "contact_sheet",
    "render_scene",
    "scene_seed",
    "write_scenes",
]
