# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from llmseg_training import questions, scenes


def test_rendered_scenes_have_the_categories_and_colours_that_questions_know() -> None:
    assert set(scenes.CATEGORIES) <= set(questions.CATEGORIES)
    assert set(scenes.COLOURS) <= set(questions.COLOURS)


def test_a_rendered_scene_can_be_asked_about() -> None:
    scene = scenes.render_scene(scenes.scene_seed("val", 0))
    samples = questions.generate_samples(scene.objects, np.random.default_rng(0), "val", 8)
    listed = {item.id for item in scene.objects}
    assert len(samples) == 8
    assert all(listed.issuperset(sample.target_ids) for sample in samples)
    assert any(sample.target_ids for sample in samples)
