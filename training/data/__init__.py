"""Annotated images in the formats that people have, behind one interface.

`open_data` opens what a command line names, `write_folder` exports it to our own folder format,
and `ReadableSamples` iterates over it where samples may be broken.
"""

from .broken import BrokenSampleError
from .coco_masks import decode_mask, encode_mask
from .folder import FolderData
from .folder_writer import write_folder
from .image_data import ImageData
from .open_data import DATA_KINDS, open_data
from .readable import BrokenPolicy, ReadableSamples, broken_report
from .sample import DataQuestion, DataSample, QuestionKind, SegmentationData

__all__ = [
    "DATA_KINDS",
    "BrokenPolicy",
    "BrokenSampleError",
    "DataQuestion",
    "DataSample",
    "FolderData",
    "ImageData",
    "QuestionKind",
    "ReadableSamples",
    "SegmentationData",
    "broken_report",
    "decode_mask",
    "encode_mask",
    "open_data",
    "write_folder",
]
