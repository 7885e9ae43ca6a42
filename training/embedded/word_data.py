# SPDX-License-Identifier: Apache-2.0
"""A data set's masks with the words that are said of them: what an image encoder can learn from."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from llmseg_core.embeddings.dinov2 import Dinov2Encoder, cells_inside
from llmseg_core.embeddings.mask_pooling import proposal_weights
from llmseg_core.images.image_ops import normalize_and_pad, resize_longest_side

from ..data import BrokenPolicy, DataQuestion, SegmentationData
from ..data.readable import ReadableSamples
from ..learning.batch import Batch
from ..scenes import BACKGROUND_ID
from ..trainer.drawn_dataset import DrawnDataset
from .data_masks import instances_of
from .recognition_data import patch_geometry, patch_owners, roughen
from .sam_data import augment_scene

__all__ = ["SpokenInstances", "WordBatch", "WordDataset", "collate_words", "words_in"]

RAREST, MOST_WORDS = 3, 2000
"""things of which a word must be said, and words that are learnt, the most frequent ones"""
LEAST_PIXELS = 30
"""of a thing in the image as it was drawn"""
MEANT = 0.95
"""share of a thing that a question's mask must cover to mean it"""


def words_in(texts: Sequence[str]) -> set[str]:
    """The words of some texts, without capitals and signs."""
    return {word for text in texts for word in re.findall(r"[^\W\d_]+", text.lower())}


@dataclass(frozen=True)
class SpokenImage:
    """An image, and what is said of the things in it.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        instances: (H, W) uint8, `BACKGROUND_ID`, or another number for each thing.
        words: (256, V + 1) float32, by that number how much each word tells of the thing, rows of
            sum 1, or 0 where nothing is said; the last column is for the background.
    """

    image: np.ndarray
    instances: np.ndarray
    words: np.ndarray


class SpokenInstances:
    """The images of a data set, their things, and the words of the questions that mean these.

    How much a word tells of a thing is the square of the share of the thing's questions that have
    it, times the logarithm of all things over those of which it is said: what is said of everything
    tells nothing, and what is said in one question of ten, a place or a task, next to nothing. A
    question of n words counts 2^-n, as long ones speak of other things, too ("the mug left of the
    plate").

    Args:
        data: of any kind; it is read once from end to end.
        broken: what to do about samples that cannot be read.

    Attributes:
        vocabulary: the words, most frequent first, then by the alphabet.

    Raises:
        BrokenSampleError: if a broken sample is fatal.
        ValueError: if no word is said of `RAREST` things and not of all.
    """

    def __init__(self, data: SegmentationData, broken: BrokenPolicy = BrokenPolicy.FATAL) -> None:
        self.data = data
        self.places: list[int] = []
        self._shares: list[dict[int, dict[str, float]]] = []
        said: Counter[str] = Counter()
        things = 0
        for place, sample in ReadableSamples(data, broken).enumerate():
            if not any(question.mask.any() for question in sample.questions):
                continue
            instances = instances_of([question.mask for question in sample.questions])
            shares = _word_shares(instances, sample.questions)
            self.places.append(place)
            self._shares.append(shares)
            things += len(shares)
            for share in shares.values():
                said.update(share.keys())  # of a mapping it would add the shares
        told = {
            word: float(np.log(things / count))
            for word, count in sorted(said.items(), key=_by_frequency)[:MOST_WORDS]
            if RAREST <= count < things
        }
        if not told:
            raise ValueError(
                f"{data.name} says no word of at least {RAREST} things that it does not say of all "
                f"{things}: there is nothing that an image encoder could learn"
            )
        self.vocabulary = tuple(told)
        self._column = {word: column for column, word in enumerate(told)}
        self._told = told

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> SpokenImage:
        sample = self.data[self.places[index]]
        words = np.zeros((256, len(self.vocabulary) + 1), dtype=np.float32)
        for number, shares in self._shares[index].items():
            for word in shares.keys() & self._column.keys():
                words[number, self._column[word]] = shares[word] ** 2 * self._told[word]
        words /= np.maximum(words.sum(1, keepdims=True), 1e-9)
        words[BACKGROUND_ID, -1] = 1
        instances = instances_of([question.mask for question in sample.questions])
        return SpokenImage(sample.image, instances, words)


def _by_frequency(said: tuple[str, int]) -> tuple[int, str]:
    word, count = said
    return -count, word


def _word_shares(
    instances: np.ndarray, questions: Sequence[DataQuestion]
) -> dict[int, dict[str, float]]:
    """Of each thing the share of its questions that have a word, one of n words as 2^-n."""
    shares: dict[int, dict[str, float]] = {}
    for number in np.unique(instances[instances != BACKGROUND_ID]).tolist():
        thing = instances == number
        least = MEANT * np.count_nonzero(thing)
        own = [
            words
            for each in questions
            for words in (words_in((each.text,)), words_in((each.other_text,)))
            if words and np.count_nonzero(each.mask & thing) >= least
        ]
        counts: dict[str, float] = defaultdict(float)
        for words in own:
            for word in words:
                counts[word] += 2.0 ** -len(words)
        whole = sum(2.0 ** -len(words) for words in own)
        shares[number] = {word: count / whole for word, count in counts.items()}
    return shares


@dataclass(frozen=True)
class WordSample:
    """One image with M things, the background among them.

    Attributes:
        pixel_values: (3, S, S) float32, normalised and padded.
        owners: (h * w,) int64, which of the M things each patch shows, -100 where several meet.
        geometry: (h * w, 4) float32, see `RecognitionSample`.
        order: (h * w,) int64, all patches, those that show a thing first, and last those that the
            encoder is not to see.
        inside: () int64, how many come before those.
        weights: (M, h * w) float32, pooling weights of each thing.
        words: (M, V + 1) float32, see `SpokenImage`.
    """

    pixel_values: Tensor
    owners: Tensor
    geometry: Tensor
    order: Tensor
    inside: Tensor
    weights: Tensor
    words: Tensor


@dataclass(frozen=True)
class WordBatch(Batch):
    """B images with M things in all; see `WordSample`.

    Attributes:
        pixel_values: (B, 3, S, S) float32.
        owners: (B, h * w) int64, in [0, M) or -100.
        geometry: (B, h * w, 4) float32.
        order: (B, h * w) int64.
        inside: (B,) int64.
        weights: (M, h * w) float32.
        words: (M, V + 1) float32.
        image_index: (M,) int64, the image of each thing.
    """

    pixel_values: Tensor
    owners: Tensor
    geometry: Tensor
    order: Tensor
    inside: Tensor
    weights: Tensor
    words: Tensor
    image_index: Tensor


class WordDataset(DrawnDataset[WordSample]):
    """Images mirrored, cut and brightened at random, with masks roughened as proposals are.

    Args:
        spoken: images and words.
        encoder: that is to learn; says sizes.
        pooling_size: see `ImageEncoderConfig`.
        seed: of the draws.
    """

    def __init__(
        self, spoken: SpokenInstances, encoder: Dinov2Encoder, pooling_size: int, seed: int
    ) -> None:
        super().__init__(seed)
        self.spoken, self.pooling_size = spoken, pooling_size
        self.image_size, self.cells = encoder.image_size, encoder.cells
        self.skip_padding = encoder.skip_padding

    def __len__(self) -> int:
        return len(self.spoken)

    def __getitem__(self, index: int) -> WordSample:
        rng = self.rng(index)
        spoken = self.spoken[index]
        image, instances = augment_scene(spoken.image, spoken.instances, rng)
        numbers, pixels = np.unique(instances, return_counts=True)
        numbers = numbers[(pixels >= LEAST_PIXELS) & (spoken.words[numbers].sum(1) > 0)]
        cells = (self.cells, self.cells)
        if len(numbers):
            masks = np.stack([roughen(instances == number, rng) for number in numbers])
            weights = proposal_weights(torch.from_numpy(masks), cells, self.pooling_size)
        else:
            weights = torch.zeros(0, self.cells**2)
        shown = weights[torch.from_numpy(numbers != BACKGROUND_ID)].sum(0).numpy() > 0
        owners = patch_owners(instances, self.cells)
        rows = np.full(257, -100, dtype=np.int64)  # the last is for no owner
        rows[numbers] = np.arange(len(numbers))
        things = np.arange(256) != BACKGROUND_ID
        hidden = np.zeros(cells, dtype=bool)
        if self.skip_padding:
            height, width = instances.shape
            down, across = cells_inside(height, width, self.cells)
            hidden[down:] = hidden[:, across:] = True
        resized = resize_longest_side(image, self.image_size)
        return WordSample(
            pixel_values=normalize_and_pad(resized, self.image_size),
            owners=torch.from_numpy(rows[owners]),
            geometry=patch_geometry(instances, owners, things, self.cells),
            order=torch.from_numpy(np.argsort(rng.random(len(shown)) - shown + 2 * hidden.ravel())),
            inside=torch.tensor(np.count_nonzero(~hidden)),
            weights=weights,
            words=torch.from_numpy(spoken.words[numbers]),
        )


def collate_words(samples: Sequence[WordSample]) -> WordBatch:
    """Stack images; the things of all of them stand in one row."""
    counts = torch.tensor([len(sample.words) for sample in samples])
    before = counts.cumsum(0) - counts
    owners = torch.stack([sample.owners for sample in samples])
    return WordBatch(
        pixel_values=torch.stack([sample.pixel_values for sample in samples]),
        owners=torch.where(owners < 0, owners, owners + before[:, None]),
        geometry=torch.stack([sample.geometry for sample in samples]),
        order=torch.stack([sample.order for sample in samples]),
        inside=torch.stack([sample.inside for sample in samples]),
        weights=torch.cat([sample.weights for sample in samples]),
        words=torch.cat([sample.words for sample in samples]),
        image_index=torch.arange(len(samples)).repeat_interleave(counts),
    )
