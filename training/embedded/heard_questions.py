# SPDX-License-Identifier: Apache-2.0
"""Questions about encoded scenes as a VLM hears them: hidden states, for a selector alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm

from llmseg_core.model_dir.weights_digest import module_digest
from llmseg_core.runtime.whole_file import whole_file
from llmseg_core.vlm.seg_token import SegTokenEncoder

from ..trainer.processes import processes
from .encoded_with import forget, is_made_with, note, text_digest
from .selection_augment import mirrored
from .selection_data import QuestionDraw
from .selection_scene import SelectionScene

__all__ = ["HeardPass", "HeardScene", "hear_passes"]

TOGETHER = 8
"""scenes whose questions the VLM hears in one batch"""


@dataclass(frozen=True)
class HeardScene:
    """R questions about one scene, as the VLM's states.

    Attributes:
        mirrored: whether the scene is asked about as a mirror shows it.
        hidden: (R, hidden) float32, states before the seg token.
        target_ids: the instances that each question asks for.
    """

    mirrored: bool
    hidden: Tensor
    target_ids: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class HeardPass:
    """One pass over S scenes, with R questions in all; the questions of a scene stand together.

    Attributes:
        mirrored: (S,) bool.
        ends: (S,) int64, how many questions there are up to the end of each scene.
        hidden: (R, hidden) float16.
        wanted: (R,) int64, bit n of which says whether the scene's object n is asked for.
    """

    mirrored: Tensor
    ends: Tensor
    hidden: Tensor
    wanted: Tensor

    def of(self, index: int, scene: SelectionScene) -> HeardScene:
        """What was asked about scene `index`, which is `scene`."""
        rows = slice(int(self.ends[index - 1]) if index else 0, int(self.ends[index]))
        ids = [item.id for item in scene.objects]
        return HeardScene(
            mirrored=bool(self.mirrored[index]),
            hidden=self.hidden[rows].float(),
            target_ids=tuple(
                tuple(each for place, each in enumerate(ids) if bits >> place & 1)
                for bits in self.wanted[rows].tolist()
            ),
        )


def hear_passes(
    encoder: SegTokenEncoder,
    scenes: Sequence[SelectionScene],
    draw: QuestionDraw,
    seed: int,
    width: int,
    count: int,
    folder: Path,
) -> list[HeardPass]:
    """`count` passes over the scenes, each read from `folder` or made and written there.

    Several processes make a share each. A file of other scenes, questions or of another VLM is of
    an earlier state, and is made anew.

    Args:
        encoder: a VLM that does not learn.
        scenes: encoded training scenes.
        draw: which questions are asked.
        seed: of the draws.
        width: of the scenes' images in pixels, to mirror half of them.
        count: of the passes.
        folder: gets a file for each pass, with a note beside it.
    """
    state = processes()
    made_with = {
        "vlm": module_digest(encoder.llava),
        "scenes": text_digest(str(scene.objects) for scene in scenes),
        "questions": f"{draw} seed {seed} width {width}",
    }
    files = [folder / f"pass-{number:03}.safetensors" for number in range(count)]
    for number in range(state.process_index, count, state.num_processes):
        file = files[number]
        if file.exists() and is_made_with(file, made_with):
            continue
        forget(file)
        title = f"questions heard, pass {number + 1} of {count}"
        _write(file, _hear(encoder, scenes, draw, seed, width, number, title))
        note(file, made_with)
    state.wait_for_everyone()
    return [HeardPass(**load_file(file)) for file in files]


@torch.no_grad()
def _hear(
    encoder: SegTokenEncoder,
    scenes: Sequence[SelectionScene],
    draw: QuestionDraw,
    seed: int,
    width: int,
    number: int,
    title: str,
) -> HeardPass:
    flips, counts, hidden, wanted = [], [], [], []
    starts = range(0, len(scenes), TOGETHER)
    for start in tqdm(starts, desc=title, disable=not processes().is_local_main_process):
        asked, pixels = [], []
        for index in range(start, min(start + TOGETHER, len(scenes))):
            rng = np.random.default_rng((seed, index, number))
            flip = bool(rng.random() < 0.5)
            scene = mirrored(scenes[index], width) if flip else scenes[index]
            samples, answers = draw.of(scene.objects, rng)
            flips.append(flip)
            counts.append(len(samples))
            pixels.append(scene.pixel_values.float())
            asked += [(len(pixels) - 1, *pair) for pair in zip(samples, answers, strict=True)]
            places = {item.id: place for place, item in enumerate(scene.objects)}
            wanted += [sum(1 << places[each] for each in sample.target_ids) for sample in samples]
        if not asked:
            continue
        device = encoder.llava.device
        prompts = encoder.training_batch(
            [sample.instruction for _, sample, _ in asked], [answer for *_, answer in asked]
        )
        images = torch.tensor([image for image, *_ in asked], dtype=torch.int64)
        heard = encoder(torch.stack(pixels).to(device), images, prompts)
        hidden.append(heard.hidden.half().cpu())
    return HeardPass(
        torch.tensor(flips), torch.tensor(counts).cumsum(0), torch.cat(hidden), torch.tensor(wanted)
    )


def _write(file: Path, heard: HeardPass) -> None:
    with whole_file(file) as temporary:
        save_file(vars(heard), temporary)
