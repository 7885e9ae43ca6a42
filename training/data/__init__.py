"""Annotated images in the formats that people have, behind one interface."""

from .broken import BrokenSampleError
from .sample import DataQuestion, DataSample, QuestionKind, SegmentationData

__all__ = ["BrokenSampleError", "DataQuestion", "DataSample", "QuestionKind", "SegmentationData"]
