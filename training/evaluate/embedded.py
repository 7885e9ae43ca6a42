# SPDX-License-Identifier: Apache-2.0
"""`make evaluate-embedded`: scores of the embedded model on scenes and phrasings it never saw."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console
from torch import Tensor

from llmseg_core.cli.program import run_program
from llmseg_core.config.values import require
from llmseg_core.methods.llm_seg import LLMSegPipeline

from ..scenes import SceneFolder, write_scenes
from .report import scores_table, write_json
from .scene_answers import Answer, ask_scenes, score

__all__ = ["evaluate_embedded", "main"]

PROGRAM = "python -m llmseg_training.evaluate.embedded"
PHRASINGS = ("test", "train")
"""held-out wordings first, then those of training"""


def evaluate_embedded(
    pipeline: LLMSegPipeline, scenes: SceneFolder, count: int, questions: int, seed: int
) -> dict[str, object]:
    """Ask about test scenes in held-out and in known words.

    Returns:
        The scores of unseen scenes with unseen phrasings (see `evaluation.score`), proposal_miou
        (the mean over all objects of the IoU of their best proposal), the scores with seen
        phrasings under "seen_phrasings", and "rows" by phrasing and kind.
    """
    answers: list[Answer] = []
    best_ious: list[Tensor] = []  # the frames themselves would fill the memory
    for scene in ask_scenes(pipeline, scenes, count, "test", PHRASINGS, questions, seed):
        answers.extend(scene.answers)
        best_ious.append(scene.best_iou)
    rows = {}
    for phrasing in ("unseen", "seen"):
        chosen = [answer for answer in answers if answer.question.phrasing == phrasing]
        rows.update({f"{phrasing}: {name}": score(part) for name, part in _groups(chosen)})
    return {
        "scenes": len(best_ious),
        "questions_per_scene": questions,
        "seed": seed,
        **rows["unseen: all"],
        "proposal_miou": float(torch.cat(best_ious).mean()),
        "seen_phrasings": rows["seen: all"],
        "rows": rows,
    }


def _groups(answers: Sequence[Answer]) -> list[tuple[str, list[Answer]]]:
    kinds = list(dict.fromkeys(sorted(answer.question.kind for answer in answers)))
    groups = [
        ("all", list(answers)),
        ("with a target", [a for a in answers if a.has_target]),
        ("several targets", [a for a in answers if a.question.has_several_targets]),
        ("no target", [a for a in answers if not a.has_target]),
        *((kind, [a for a in answers if a.question.kind == kind]) for kind in kinds),
    ]
    return [(name, part) for name, part in groups if part]


def print_report(report: dict, console: Console) -> None:
    """The table of `evaluate_embedded`."""
    title = f"{report['scenes']} test scenes, seed {report['seed']}"
    console.print(scores_table(title, report["rows"]))
    console.print(f"best proposal of each object: mean IoU {report['proposal_miou']:.3f}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    return run_program(PROGRAM, lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(prog=PROGRAM)
    parser.add_argument("--model", default="embedded", help="model directory")
    parser.add_argument("--data", type=Path, default=Path("build/scenes"), help="rendered scenes")
    parser.add_argument("--scenes", type=int, default=300, help="test scenes")
    parser.add_argument("--questions", type=int, default=5, help="most questions a scene")
    parser.add_argument("--seed", type=int, default=0, help="of the questions")
    parser.add_argument("--json", type=Path, default=Path("build/evaluate-embedded.json"))
    options = parser.parse_args(arguments)
    for name in ("scenes", "questions"):
        require(getattr(options, name) >= 1, f"--{name}", getattr(options, name), "at least 1")
    pipeline = LLMSegPipeline.from_pretrained(options.model)
    folder = write_scenes(options.data, "test", options.scenes, workers=2)
    report = evaluate_embedded(
        pipeline, SceneFolder(folder), options.scenes, options.questions, options.seed
    )
    print_report(report, Console(width=160))
    write_json(options.json, report)
    print(f"written to {options.json}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
