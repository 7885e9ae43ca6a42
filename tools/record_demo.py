# SPDX-License-Identifier: Apache-2.0
"""Records the demonstration: held-out scenes under a swaying camera, with questions and answers.

Writes a rosbag2 recording with JPEG images and, beside it, the ground truth that
`llmseg_ros.demo.ground_truth` describes. The same arguments give the same recording. The script is
outside of the packages because it needs the scenes of `llmseg_training` and the ROS layer's writer.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from llmseg_core.images.run_lengths import encode_counts
from llmseg_ros.camera.camera_frame import CameraFrame
from llmseg_ros.camera.recording import write_recording
from llmseg_ros.demo.ground_truth import GROUND_TRUTH_FILE
from llmseg_training.questions import QuestionSample, generate_samples
from llmseg_training.scenes import Scene, SceneConfig, render_scene, scene_seed

DEFAULT_OUTPUT = Path(__file__).resolve().parent.parent / "llmseg_ros" / "demo" / "recording"
WIDTH, HEIGHT = 640, 480
SWAY_X, SWAY_Y = 20, 15
"""pixels that the camera's view moves to each side"""
FRAMES_PER_SCENE = 6
RATE_HZ = 4.0
FIRST_STAMP_NS = 1_735_689_600 * 10**9
"""the first day of 2025"""
FIRST_SCENE = 1000
"""of the test split; evaluations begin at 0"""
SCENES = 8
QUESTIONS_PER_SCENE = 2
NOTHING_FITS = 2
"""scenes of which one question has no answer"""
MOST_BYTES = 6_000_000


@dataclass(frozen=True)
class View:
    """What the camera sees of a scene at one moment."""

    image: NDArray[np.uint8]
    instances: NDArray[np.uint8]


def views(scene: Scene) -> list[View]:
    """A window of 640 x 480 pixels that sways over a rendering with a margin around."""
    result = []
    for phase in np.linspace(0, 2 * np.pi, FRAMES_PER_SCENE, endpoint=False):
        left = round(SWAY_X * (1 + np.sin(phase)))
        top = round(SWAY_Y * (1 + np.sin(2 * phase)))
        window = np.s_[top : top + HEIGHT, left : left + WIDTH]
        result.append(View(np.ascontiguousarray(scene.image[window]), scene.instances[window]))
    return result


def choose_questions(
    scene: Scene, seen: list[View], rng: np.random.Generator, asked: Counter[str], absent: bool
) -> list[QuestionSample]:
    """Questions of the kinds asked least so far, with targets in view; one may have none."""
    samples = generate_samples(scene.objects, rng, "test", max_samples=24)

    def in_view(sample: QuestionSample) -> bool:
        return all(
            np.count_nonzero(view.instances == target) > 0.9 * scene.mask(target).sum()
            for target in sample.target_ids
            for view in seen
        )

    chosen: list[QuestionSample] = []
    for _ in range(QUESTIONS_PER_SCENE):
        wants_nothing = absent and not chosen
        options = [
            sample
            for sample in samples
            if bool(sample.target_ids) != wants_nothing and in_view(sample) and sample not in chosen
        ]
        if options:
            chosen.append(min(options, key=lambda sample: asked[sample.kind]))
            asked[chosen[-1].kind] += 1
    return chosen[::-1]


def describe(
    scene: Scene, seen: list[View], questions: list[QuestionSample], first_stamp_ns: int
) -> dict:
    """A scene's part of the ground truth."""
    return {
        "objects": {str(item.id): f"{item.colour} {item.category}" for item in scene.objects},
        "questions": [
            {
                "instruction": question.instruction,
                "kind": question.kind,
                "targets": list(question.target_ids),
            }
            for question in questions
        ],
        "frames": [
            {
                "stamp_ns": first_stamp_ns + frame_ns(number),
                "masks": {str(item.id): run_lengths(view, item.id) for item in scene.objects},
            }
            for number, view in enumerate(seen)
        ],
    }


def run_lengths(view: View, object_id: int) -> str:
    """An object's mask as COCO's compressed run lengths."""
    return encode_counts(view.instances == object_id)


def frame_ns(number: int) -> int:
    """When a frame is shown, in nanoseconds from the first one."""
    return round(number * 1e9 / RATE_HZ)


def record(folder: Path, scenes: int) -> None:
    """Writes the recording and its ground truth into a new folder."""
    config = SceneConfig(width=WIDTH + 2 * SWAY_X, height=HEIGHT + 2 * SWAY_Y)
    rng = np.random.default_rng(0)
    asked: Counter[str] = Counter()
    truth = []

    def frames() -> Iterator[CameraFrame]:
        for number in tqdm(range(scenes), desc="scenes"):
            scene = render_scene(scene_seed("test", FIRST_SCENE + number), config)
            seen = views(scene)
            absent = number % (scenes // NOTHING_FITS or 1) == 1
            questions = choose_questions(scene, seen, rng, asked, absent)
            first_ns = FIRST_STAMP_NS + frame_ns(number * FRAMES_PER_SCENE)
            truth.append(describe(scene, seen, questions, first_ns))
            for index, view in enumerate(seen):
                stamp_ns = first_ns + frame_ns(index)
                yield CameraFrame(view.image, f"scene {number}", stamp_ns)

    write_recording(folder, frames(), jpeg_quality=88)
    content = {"image_size": [HEIGHT, WIDTH], "scenes": truth}
    (folder / GROUND_TRUTH_FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Reads the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=DEFAULT_OUTPUT)
    parser.add_argument("--scenes", type=int, default=SCENES)
    arguments = parser.parse_args()
    record(arguments.folder, arguments.scenes)
    size = sum(path.stat().st_size for path in arguments.folder.iterdir())
    print(f"{arguments.folder}: {size / 1e6:.1f} MB")
    if size > MOST_BYTES:
        print(f"that is more than {MOST_BYTES / 1e6:g} MB", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
