# SPDX-License-Identifier: Apache-2.0
"""Records the demonstration: held-out scenes under a swaying camera, with questions and answers.

Writes a rosbag2 recording with JPEG images, depth as a stereo camera measures it, and the
calibration of each window. Beside it lies the ground truth that `llmseg_ros.demo.ground_truth`
describes. The same arguments give the same recording. The script is outside of the packages because
it needs the scenes of `llmseg_training` and the ROS layer's writer.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from llmseg_core.images.run_lengths import encode_counts
from llmseg_ros.camera.camera_frame import CameraFrame, DepthImage
from llmseg_ros.camera.camera_model import CameraModel, Region
from llmseg_ros.camera.recording_writer import write_recording
from llmseg_ros.demo.ground_truth import GROUND_TRUTH_FILE
from llmseg_training.questions import QuestionSample, generate_samples
from llmseg_training.scenes import Scene, SceneConfig, scene_seed
from llmseg_training.scenes.camera import Camera
from llmseg_training.scenes.depth_camera import StereoCamera
from llmseg_training.scenes.render import photograph, set_stage

DEFAULT_OUTPUT = Path(__file__).resolve().parent.parent / "llmseg_ros" / "demo" / "recording"
WIDTH, HEIGHT = 640, 480
SWAY_X, SWAY_Y = 20, 15
"""pixels that the camera's view moves to each side"""
DEPTH_STEP = 2
"""pixels of the image a pixel of its depth"""
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
    depth: DepthImage
    camera: CameraModel


def rendered(seed: int, config: SceneConfig) -> tuple[Scene, Camera]:
    """What `render_scene` shows, and the camera."""
    rng = np.random.default_rng(seed)
    stage = set_stage(rng, config)
    return photograph(stage, stage.world(), rng, config, seed), stage.camera


def measured(scene: Scene, camera: Camera) -> NDArray[np.uint16]:
    """(H, W) millimetres, as a stereo camera says."""
    assert scene.depth is not None
    metres = StereoCamera().measure(scene.depth, camera.focal, np.random.default_rng(scene.seed))
    return np.round(1000 * metres).astype(np.uint16)


def views(scene: Scene, camera: Camera) -> list[View]:
    """A window of 640 x 480 pixels that sways over a rendering with a margin around.

    Depth has every second pixel. The calibration is the rendering's, of the window as its region
    of interest.
    """
    result = []
    depth = measured(scene, camera)
    field = 2 * np.degrees(np.arctan(camera.width / 2 / camera.focal))
    lens = CameraModel.from_field_of_view(camera.height, camera.width, field)
    for phase in np.linspace(0, 2 * np.pi, FRAMES_PER_SCENE, endpoint=False):
        left = round(SWAY_X * (1 + np.sin(phase)))
        top = round(SWAY_Y * (1 + np.sin(2 * phase)))
        window = np.s_[top : top + HEIGHT, left : left + WIDTH]
        region = Region(x_offset=left, y_offset=top, height=HEIGHT, width=WIDTH)
        result.append(
            View(
                np.ascontiguousarray(scene.image[window]),
                scene.instances[window],
                DepthImage(depth[window][::DEPTH_STEP, ::DEPTH_STEP]),
                replace(lens, roi=region),
            )
        )
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
            scene, camera = rendered(scene_seed("test", FIRST_SCENE + number), config)
            seen = views(scene, camera)
            absent = number % (scenes // NOTHING_FITS or 1) == 1
            questions = choose_questions(scene, seen, rng, asked, absent)
            first_ns = FIRST_STAMP_NS + frame_ns(number * FRAMES_PER_SCENE)
            truth.append(describe(scene, seen, questions, first_ns))
            for index, view in enumerate(seen):
                stamp_ns = first_ns + frame_ns(index)
                yield CameraFrame(
                    view.image,
                    f"scene {number}",
                    stamp_ns,
                    camera=view.camera,
                    depth=view.depth,
                )

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
