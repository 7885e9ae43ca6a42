# SPDX-License-Identifier: Apache-2.0
"""A pipeline without a network, which makes every order of events certain."""

from __future__ import annotations

import threading
from queue import Queue

import numpy as np
import torch

from llmseg_core.config import SelectionConfig
from llmseg_core.types import (
    Candidates,
    FrameEncoding,
    ImagePrefix,
    ProposalEmbeddings,
    Proposals,
    Segmentation,
    Selection,
)
from llmseg_ros.messages.frame import Frame

WAIT_S = 5.0
BROKEN, FATAL = 13, 99
"""numbers of frames that raise an exception, and that end the thread"""


def make_frame(number: int) -> Frame:
    return Frame(np.full((4, 6, 3), number, np.uint8), header=number, timings_ms={"convert": 1.0})


class GatedPipeline:
    """Notes each call and, where the gate is closed, waits in it; "broken" makes it raise."""

    def __init__(self) -> None:
        self.calls: Queue[str] = Queue()
        self.gate = threading.Event()
        self.gate.set()

    def encode_frame(self, image: np.ndarray) -> FrameEncoding:
        number = int(image[0, 0, 0])
        self._call(f"encode {number}")
        if number == BROKEN:
            raise RuntimeError("frame 13 is broken")
        if number == FATAL:
            raise SystemExit("a library ends the thread")
        masks = torch.zeros((2, 4, 6), dtype=torch.bool)
        masks[0, :2], masks[1, 2:] = True, True
        prefix = ImagePrefix((torch.zeros(1, 1, 2, 3),), (torch.zeros(1, 1, 2, 3),))
        embeddings = ProposalEmbeddings(torch.full((2, 3), float(number)), torch.zeros(2, 4))
        proposals = Proposals.from_masks(masks)
        times = {"proposals": 5.0}
        return FrameEncoding(proposals, embeddings, embeddings.features, prefix, times, 4.0)

    @property
    def trouble(self) -> str:
        return ""

    def segment(
        self, frame: FrameEncoding, instruction: str, selection: SelectionConfig | None = None
    ) -> Segmentation:
        number = int(frame.embeddings.features[0, 0])
        threshold = "" if selection is None else f" above {selection.iop_threshold}"
        self._call(f"segment {number} {instruction}{threshold}")
        if instruction == "broken":
            raise ValueError("cannot think of that")
        return Segmentation(
            instruction,
            frame.proposals.masks[0].numpy(),
            Selection((0,), 0.75),
            Candidates(
                frame.proposals.masks,
                frame.boxes_px,
                frame.areas_px,
                torch.tensor([0.5, 0.1]),
                torch.tensor([0.75, 0.2]),
            ),
            {**frame.timings_ms, "seg_token": 2.0},
            frame.total_ms + 2.0,
        )

    def _call(self, call: str) -> None:
        self.calls.put(call)
        assert self.gate.wait(WAIT_S), f"nobody opened the gate for {call!r}"
