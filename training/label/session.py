# SPDX-License-Identifier: Apache-2.0
"""What the page shows and does, as plain values: one folder, one model, perhaps a chat model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from llmseg_core.grounding.chat import ChatVlm
from llmseg_core.images.image_files import encode_image
from llmseg_core.images.run_lengths import decode_runs, encode_mask
from llmseg_core.prompted.target import Target

from ..data import DataQuestion, QuestionKind
from ..data.folder import question_mask
from .assistant import Assistant
from .desk import Desk
from .images import FolderImage, folder_images, image_path, reduced, shown
from .page_questions import as_question, checked_question
from .samples_file import Questions, SampleLine, SamplesFile
from .scores import Score, Scores, score_of
from .suggestions import suggested_questions

__all__ = ["LabelSession", "UnknownImageError"]

T = TypeVar("T")
THUMBNAIL_SIDE = 192
MOST_CATEGORIES = 500


class UnknownImageError(ValueError):
    """There is no image of that name."""


class LabelSession:
    """The folder, the model and the two threads that work for the page.

    Args:
        folder: with images.
        assistant: the model.
        chat: suggests questions, or None.
    """

    def __init__(self, folder: Path, assistant: Assistant, chat: ChatVlm | None = None) -> None:
        self.folder = folder
        self.samples = SamplesFile(folder)
        self._assistant = assistant
        self._chat = chat
        self._scores = Scores()
        self._next: FolderImage | None = None  # is probably looked at next
        self._desk = Desk(self._spare_work)
        self._chat_desk = Desk(lambda: False)

    def close(self, timeout_s: float = 0.3) -> bool:
        """Compute nothing more; says whether nothing is being computed any more."""
        self._chat_desk.close(0.01)
        return self._desk.close(timeout_s)

    # ------------------------------------------------------------------ what is there

    def state(self) -> dict[str, Any]:
        """The folder, its images with their counts and scores, and the model."""
        labelled = self.samples.read()
        images, categories, waiting = [], dict[str, None](), 0
        for each in folder_images(self.folder, labelled):
            line = labelled.samples.get(each.name)
            keys = [self._key(each, plain) for plain in line.questions] if line else []
            waiting += sum(key not in self._scores for key in keys)
            images.append({
                "name": each.name,
                "questions": len(keys),
                "worst": self._scores.worst(keys),
            })  # fmt: skip
            for plain in line.questions if line else ():
                if isinstance(plain.get("category"), str) and plain["category"]:
                    categories[plain["category"]] = None
        return {
            "folder": self.folder.resolve().name,
            "model": self._assistant.method.profile,
            "draws": self._assistant.draws,
            "proposes": self._assistant.proposes,
            "suggests": self._chat is not None,
            "images": images,
            "categories": sorted(categories)[:MOST_CATEGORIES],
            "waiting": waiting,
            "damaged": [{"line": number, "reason": text} for number, text in labelled.damaged],
        }

    def picture(self, name: str, thumbnail: bool) -> bytes:
        """An image as a JPEG, upright."""
        pixels = shown(self.folder, self._image(name))
        return encode_image(reduced(pixels, THUMBNAIL_SIDE) if thumbnail else pixels, ".jpg")

    def sample(self, name: str) -> dict[str, Any]:
        """An image's size and questions."""
        image = self._image(name)
        pixels = shown(self.folder, image)
        size = (pixels.shape[0], pixels.shape[1])
        line = self.samples.read().samples.get(name)
        return {
            "name": name,
            "size": list(size),
            "version": line.version if line else "",
            "questions": [
                self._plain_question(image, plain, size) for plain in line.questions
            ] if line else [],
        }  # fmt: skip

    # ------------------------------------------------------------------ what changes it

    def save(
        self, name: str, version: str, place: int | None, question: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Write a question: a new one at the end, or in the place of another.

        Args:
            name: of the sample.
            version: of its line, as the page had it.
            place: of the question that is replaced; None for a new one.
            question: text, kind, category and mask as the page sends them.

        Raises:
            ChangedMeanwhileError: if the line is another one by now.
            ValueError, OSError: if it cannot be used, or written.
        """
        size = self._size(name)
        plain = checked_question(question, size)

        def edit(before: Questions) -> Questions:
            after = list(before)
            if place is None:
                return [*after, plain]
            kept = {**after[_checked_place(place, after)], **plain}
            if "category" not in plain:
                kept.pop("category", None)
            after[place] = kept
            return after

        self._change(name, version, edit)
        return self.sample(name)

    def remove(self, name: str, version: str, place: int) -> dict[str, Any]:
        """Take a question away; what was taken is in the answer, for `restore`."""
        taken: list[dict[str, Any]] = []

        def edit(before: Questions) -> Questions:
            after = list(before)
            taken.append(after.pop(_checked_place(place, after)))
            return after

        self._change(name, version, edit)
        return {**self.sample(name), "removed": {"place": place, "plain": json.dumps(taken[0])}}

    def restore(self, name: str, version: str, place: int, plain: str) -> dict[str, Any]:
        """Put back what `remove` took."""
        question = json.loads(plain)
        if not isinstance(question, dict):
            raise ValueError("what is put back must be a question")
        mask = question_mask(self.folder, question.get("mask"), self._size(name))
        DataQuestion(question.get("text", ""), QuestionKind.INSTRUCTION, mask)

        def edit(before: Questions) -> Questions:
            after = list(before)
            after.insert(min(max(place, 0), len(after)), question)
            return after

        self._change(name, version, edit)
        return self.sample(name)

    def _change(self, name: str, version: str, edit: Callable[[Questions], Questions]) -> None:
        image = self._image(name)
        self.samples.change(name, image.image, version, edit)

    # ------------------------------------------------------------------ what the model does

    def regions(self, name: str, following: str | None = None) -> Future[list[dict[str, Any]]]:
        """Masks of everything in an image that could be a thing, largest first.

        Args:
            name: of the sample.
            following: the sample whose regions are computed next, in spare time.
        """
        image = self._image(name)
        if following is not None:
            self._next = self._image(following)
        return self._asked(
            image, lambda key, read: [encode_mask(m) for m in self._assistant.regions(key, read)]
        )

    def draw(self, name: str, target: Target) -> Future[dict[str, Any]]:
        """The mask of what a box or a point shows."""
        return self._asked(
            self._image(name),
            lambda key, read: encode_mask(self._assistant.draw(key, read, target)),
        )

    def answer(self, name: str, text: str, kind: str) -> Future[dict[str, Any]]:
        """What the model says to a question."""
        question = as_question(text, kind, np.zeros((1, 1), dtype=bool))

        def work(key: object, read: Callable[[], np.ndarray]) -> dict[str, Any]:
            answer = self._assistant.answer(key, read, question)
            return {
                "found": answer.found,
                "confidence": round(float(answer.confidence), 4),
                "reason": answer.reason,
                "mask": encode_mask(answer.mask),
            }

        return self._asked(self._image(name), work)

    def suggest(self, name: str, mask: Any) -> Future[list[str]]:
        """Questions that could be asked about a mask."""
        if self._chat is None:
            raise ValueError("no chat model was named: start the page with --chat URL")
        chat, pixels = self._chat, shown(self.folder, self._image(name))
        chosen = decode_runs(mask, (pixels.shape[0], pixels.shape[1]))
        return self._chat_desk.ask(lambda: suggested_questions(chat, pixels, chosen))

    def _asked(
        self, image: FolderImage, work: Callable[[Any, Callable[[], np.ndarray]], T]
    ) -> Future[T]:
        key = self._image_key(image)
        return self._desk.ask(lambda: work(key, lambda: shown(self.folder, image)))

    def _spare_work(self) -> bool:
        """Look ahead at the next image, then score one question that has no score yet."""
        following, self._next = self._next, None
        if following is not None:
            try:
                key = self._image_key(following)
                if not self._assistant.has(key):
                    self._assistant.regions(key, lambda: shown(self.folder, following))
            except (ValueError, OSError):
                pass  # told when it is looked at
            return True
        for name, line in self.samples.read().samples.items():
            image = FolderImage(name, line.image)
            for plain in line.questions:
                key = self._key(image, plain)
                if key not in self._scores:
                    self._scores.put(key, self._scored(image, plain))
                    return True
        return False

    def _scored(self, image: FolderImage, plain: Mapping[str, Any]) -> Score:
        try:
            pixels = shown(self.folder, image)
            size = (pixels.shape[0], pixels.shape[1])
            question = self._stored(plain, size)
            answer = self._assistant.answer(self._image_key(image), lambda: pixels, question)
        except Exception as error:  # of a damaged file, or a model that cannot take the question
            return Score(None, trouble=str(error) or type(error).__name__)
        return score_of(answer, question.mask)

    # ------------------------------------------------------------------ one image, one question

    def _image(self, name: str) -> FolderImage:
        line: SampleLine | None = self.samples.read().samples.get(name)
        if line is not None:
            return FolderImage(name, line.image)
        for each in folder_images(self.folder, self.samples.read()):
            if each.name == name:
                return each
        raise UnknownImageError(f"there is no image {name[:80]!r} in {self.folder}")

    def _size(self, name: str) -> tuple[int, int]:
        pixels = shown(self.folder, self._image(name))
        return pixels.shape[0], pixels.shape[1]

    def _image_key(self, image: FolderImage) -> tuple[object, ...]:
        """Another one when the file is another."""
        status = image_path(self.folder, image).stat()
        return image.image, status.st_mtime_ns, status.st_size

    def _key(self, image: FolderImage, plain: Mapping[str, Any]) -> tuple[object, ...]:
        return image.image, json.dumps(plain, sort_keys=True)

    def _stored(self, plain: Mapping[str, Any], size: tuple[int, int]) -> DataQuestion:
        mask = question_mask(self.folder, plain.get("mask"), size)
        kind = plain.get("kind", QuestionKind.INSTRUCTION.value)
        return as_question(plain.get("text"), kind, mask, plain.get("category", ""))

    def _plain_question(
        self, image: FolderImage, plain: Mapping[str, Any], size: tuple[int, int]
    ) -> dict[str, Any]:
        score = self._scores.get(self._key(image, plain))
        try:
            stored = self._stored(plain, size)
        except (ValueError, OSError) as error:
            return {"text": str(plain.get("text", "")), "broken": str(error)}
        return {
            "text": stored.text,
            "kind": stored.kind.value,
            "category": stored.category,
            "mask": encode_mask(stored.mask),
            "iou": score.iou if score else None,
            "trouble": score.trouble if score else "",
        }


def _checked_place(place: int, questions: Questions) -> int:
    if not 0 <= place < len(questions):
        raise ValueError(f"place is {place}, the image has {len(questions)} questions")
    return place
