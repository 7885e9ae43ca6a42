# SPDX-License-Identifier: Apache-2.0
"""Annotated images in the formats that people have, behind one interface.

`open_data` opens what a command line names, `write_folder` exports it to our own folder format,
`ReadableSamples` iterates over it where samples may be broken, and `SampleDraws` draws from it.
"""

from llmseg_core.images.run_lengths import encode_mask

from .broken import BrokenSampleError
from .coco_masks import decode_mask
from .draws import SampleDraws
from .folder import FolderData
from .folder_writer import write_folder
from .image_data import ImageData
from .mixture import Mixture, MixtureGroup
from .open_data import DATA_KINDS, open_data
from .readable import BrokenPolicy, ReadableSamples, broken_report
from .released import ReleasedReading
from .scene_data import SceneData
from .segmentation_data import (
    DataGroup,
    DataQuestion,
    DataSample,
    QuestionKind,
    SegmentationData,
)

__all__ = [
    "DATA_KINDS",
    "BrokenPolicy",
    "BrokenSampleError",
    "DataGroup",
    "DataQuestion",
    "DataSample",
    "FolderData",
    "ImageData",
    "Mixture",
    "MixtureGroup",
    "QuestionKind",
    "ReadableSamples",
    "ReleasedReading",
    "SampleDraws",
    "SceneData",
    "SegmentationData",
    "broken_report",
    "decode_mask",
    "encode_mask",
    "open_data",
    "write_folder",
]
