# SPDX-License-Identifier: Apache-2.0
"""What a model's training images look like to its encoders, and how far another image is from it.

One file, `seen_images.safetensors` in the model directory, holds a few groups of images: those of
the first training, and of each fine-tuning. An image is familiar if it is near to one of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from llmseg_core.runtime.whole_file import whole_file

__all__ = ["SEEN_IMAGES_FILE", "ImageGroup", "LayerGroup", "SeenImages"]

SEEN_IMAGES_FILE = "seen_images.safetensors"
NUMBERS = ("near", "limit", "usual", "strange", "together")
LEAST_DISTANCE = 0.01
"""of a layer, where all images are alike"""
SMOOTHING = 0.1
"""added to the variance along every direction, where 1 is the variance of a number"""


@dataclass(frozen=True)
class LayerGroup:
    """How the F statistics of one layer are spread over a group of images.

    A Gaussian that is exact along its k strongest directions and round in all others. Groups of an
    earlier version know the first F of what `LayerTaps` gives.

    Attributes:
        mean: (F,) float32.
        scale: (F,) float32 above 0, deviation of each number.
        directions: (k, F) float32, orthonormal, of the numbers over their deviations.
        spread: (k,) float32, variance along them.
        rest: () float32, mean variance along the others.
        weights: (F,) float32, how much each number, over its deviation, tells other images from
            these.
    """

    mean: Tensor
    scale: Tensor
    directions: Tensor
    spread: Tensor
    rest: Tensor
    weights: Tensor

    def strangeness(self, statistics: Tensor) -> Tensor:
        """The layer's part of the difference from other images, of (N, F) or (F,): (N,) or ()."""
        return self._apart(statistics) @ self.weights

    def distance(self, statistics: Tensor) -> Tensor:
        """Mean squared distance of (N, F) or (F,) statistics in deviations: (N,) or ()."""
        apart = self._apart(statistics)
        along = (apart @ self.directions.mT).square()
        across = (apart.square().sum(-1) - along.sum(-1)).clamp(min=0)
        total = (along / (self.spread + SMOOTHING)).sum(-1) + across / (self.rest + SMOOTHING)
        return total / len(self.mean)

    def _apart(self, statistics: Tensor) -> Tensor:
        """(N, F) or (F,), in deviations from the mean."""
        return (statistics[..., : len(self.mean)] - self.mean) / self.scale


@dataclass(frozen=True)
class ImageGroup:
    """Images of one kind.

    Attributes:
        name: what they are, for people.
        layers: by the name of a layer.
        near: logarithm of the distance (see `log_distance`) of the middle one of them.
        limit: that below which all but a few of them are, above `near`.
        usual: strangeness (see `strangeness`) of the middle one of them.
        strange: strangeness below which all but a few of them are, above `usual`.
        together: the sum (see `steps_away`) below which all but a few of them are, at least 1.
    """

    name: str
    layers: Mapping[str, LayerGroup]
    near: float
    limit: float
    usual: float
    strange: float
    together: float

    def distance(self, statistics: Mapping[str, Tensor]) -> Tensor:
        """(N,) or (), 0 and more: above 1 where an image is too far away and too strange in all."""
        steps = self.steps_away(self.log_distance(statistics), self.strangeness(statistics))
        return steps / self.together

    def steps_away(self, log_distance: Tensor, strangeness: Tensor) -> Tensor:
        """(N,) of both (N,): how far away plus how strange, each 1 at its limit.

        Neither makes up for the other: the nearer and the less strange half counts 0. Other images
        are mostly a little of both, and few own ones are.
        """
        apart = (log_distance - self.near) / (self.limit - self.near)
        alike = (strangeness - self.usual) / (self.strange - self.usual)
        return apart.clamp(min=0) + alike.clamp(min=0)

    def strangeness(self, statistics: Mapping[str, Tensor]) -> Tensor:
        """How much more like other images than like these: (N,) or ()."""
        parts = [group.strangeness(statistics[name]) for name, group in self.layers.items()]
        return torch.stack(parts).sum(0)

    def log_distance(self, statistics: Mapping[str, Tensor]) -> Tensor:
        """Logarithm of the geometric mean of the layers' distances, (N,) or ()."""
        distances = [group.distance(statistics[name]) for name, group in self.layers.items()]
        return torch.stack(distances).clamp(min=LEAST_DISTANCE).log().mean(0)


@dataclass(frozen=True)
class SeenImages:
    """Everything that a model has seen.

    Attributes:
        groups: at least one; all of the same layers.
    """

    groups: tuple[ImageGroup, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that are looked at."""
        return tuple(self.groups[0].layers)

    def distance(self, statistics: Mapping[str, Tensor]) -> float:
        """How far an image is from all that was seen; above 1 it is unfamiliar.

        Args:
            statistics: by layer, as `LayerTaps` gives them.
        """
        own = {name: statistics[name].float().cpu() for name in self.layers}
        return min(float(group.distance(own)) for group in self.groups)

    def with_group(self, group: ImageGroup) -> SeenImages:
        """The same and another group, which takes the place of one with its name.

        Raises:
            ValueError: if it is of other layers.
        """
        if set(group.layers) != set(self.layers):
            raise ValueError(
                f"{group.name} has statistics of {', '.join(group.layers)}, the model those of "
                f"{', '.join(self.layers)}"
            )
        return SeenImages((*(each for each in self.groups if each.name != group.name), group))

    def save(self, file: Path) -> None:
        """Write the file, whole or not at all; directions in half precision."""
        tensors: dict[str, Tensor] = {}
        for number, group in enumerate(self.groups):
            for layer, fit in group.layers.items():
                for name, value in vars(fit).items():
                    kept = value.half() if name == "directions" else value
                    tensors[f"{number}/{layer}/{name}"] = kept.contiguous()
        about = [
            {name: getattr(group, name) for name in ("name", *NUMBERS)} for group in self.groups
        ]
        metadata = {"groups": json.dumps(about), "layers": json.dumps(self.layers)}
        with whole_file(file) as temporary:
            save_file(tensors, temporary, metadata)

    @classmethod
    def load(cls, file: Path) -> SeenImages:
        """Read a file.

        Raises:
            FileNotFoundError: if there is none.
            ValueError: if it is damaged, or holds something else.
        """
        if not file.is_file():
            raise FileNotFoundError(f"{file} does not exist")
        try:
            with safe_open(file, "pt") as opened:
                metadata = opened.metadata() or {}
                about = json.loads(metadata["groups"])
                layers = [str(name) for name in json.loads(metadata["layers"])]
                groups = tuple(
                    ImageGroup(
                        str(each["name"]),
                        {
                            layer: LayerGroup(
                                *(
                                    opened.get_tensor(f"{number}/{layer}/{name}").float()
                                    for name in LayerGroup.__dataclass_fields__
                                )
                            )
                            for layer in layers
                        },
                        *(float(each[name]) for name in NUMBERS),
                    )
                    for number, each in enumerate(about)
                )
        except (SafetensorError, ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"{file} does not say which images were seen, or as an earlier version did: "
                f"{error!r}; llmseg familiarity fit --alone writes it anew"
            ) from error
        if not groups or not layers:
            raise ValueError(f"{file} holds no group of images")
        return cls(groups)
