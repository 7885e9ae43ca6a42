# SPDX-License-Identifier: Apache-2.0
"""What methods have in common whose `llmseg.yaml` names their parts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from llmseg_core.config import Calibration, RuntimeConfig, SelectionConfig
from llmseg_core.config.yaml_file import read_yaml
from llmseg_core.model_dir.directory import CONFIG_FILE, model_directory
from llmseg_core.model_dir.network_files import SharedNetworks
from llmseg_core.types import Segmentation

__all__ = ["ConfiguredMethod"]


class MethodSettings(Protocol):
    """What every method's configuration says."""

    @property
    def profile(self) -> str:
        """Name of the model, for people."""

    @property
    def selection(self) -> SelectionConfig:
        """Thresholds that hold where the caller names none."""

    @property
    def calibration(self) -> Calibration | None:
        """What makes confidences chances."""


C = TypeVar("C", bound=MethodSettings)
M = TypeVar("M", bound="ConfiguredMethod[Any]")


class ConfiguredMethod(ABC, Generic[C]):
    """A method with a configuration.

    Args:
        config: of the model directory; its `min_confidence` is the default.
    """

    config_type: ClassVar[type[Any]]
    """of `llmseg.yaml`"""

    def __init__(self, config: C) -> None:
        self.config: C = config
        self.calibration: Calibration | None = config.calibration

    @abstractmethod
    def segment(
        self, frame: Any, instruction: str, selection: SelectionConfig | None = None
    ) -> Segmentation:
        """See `Method`."""

    def segment_batch(
        self,
        frame: Any,
        instructions: Sequence[str],
        selection: SelectionConfig | None = None,
    ) -> list[Segmentation]:
        """The answers to several instructions about one image, one after the other."""
        return [self.segment(frame, each, selection) for each in instructions]

    @property
    def profile(self) -> str:
        """Name of the model, for people."""
        return self.config.profile

    @property
    def selection(self) -> SelectionConfig:
        """The thresholds that hold where the caller names none."""
        return self.config.selection

    @classmethod
    @abstractmethod
    def from_config(
        cls: type[M],
        config: C,
        path: Path,
        runtime: RuntimeConfig | None = None,
        shared: SharedNetworks | None = None,
    ) -> M:
        """The method with the networks that a configuration names.

        Args:
            config: names them.
            path: the model directory, in which sub-folders are looked for.
            runtime: device, number format and attention implementation; None means a CPU.
            shared: networks in memory.

        Raises:
            FileNotFoundError, ValueError: as `load_method`.
        """

    @classmethod
    @abstractmethod
    def places(cls, config: C, path: Path) -> dict[str, str]:
        """Where the parts are that a configuration names, by part; reads no weights.

        Raises:
            FileNotFoundError: if one is missing.
        """

    @classmethod
    def from_pretrained(
        cls: type[M],
        directory: str | Path,
        runtime: RuntimeConfig | None = None,
        shared: SharedNetworks | None = None,
    ) -> M:
        """Load a model directory; nothing is ever downloaded. See `load_method`."""
        path = model_directory(directory)
        return cls.from_config(cls._config(path), path, runtime, shared)

    @classmethod
    def inspect(cls, directory: str | Path) -> dict[str, str]:
        """Where the parts of a model directory are; reads no weights.

        Raises:
            FileNotFoundError: if the directory or a part of it is missing.
            ValueError: if the configuration is wrong.
        """
        path = model_directory(directory)
        return cls.places(cls._config(path), path)

    @classmethod
    def _config(cls, path: Path) -> C:
        config: C = cls.config_type.from_dict(
            read_yaml(path / CONFIG_FILE), str(path / CONFIG_FILE)
        )
        return config
