# SPDX-License-Identifier: Apache-2.0
"""Objects followed by SAM 2's memory (Ravi et al., "SAM 2: Segment Anything in Images and Videos").

Each image is looked at together with what is remembered of the objects in the key frame and in the
images before this one, so that things which turn, bend or are hidden for a while are found again.
Needs a GPU for camera rate.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from transformers import Sam2VideoModel
from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

from llmseg_core.images.image_ops import check_image
from llmseg_core.images.imagenet_pixels import imagenet_pixels

__all__ = ["VideoMemory", "VideoTracker", "VideoView"]


class VideoView:
    """An image as SAM 2 takes it; looked at once, for however many objects.

    Attributes:
        size: (H, W) of the image.
        pixels: (1, 3, side, side), the image stretched to the network's square and normalised.
    """

    def __init__(self, model: Sam2VideoModel, image: NDArray[np.uint8]) -> None:
        """Takes an (H, W, 3) uint8 RGB image."""
        check_image(image)
        self._model = model
        side = int(model.config.image_size)
        self.size = int(image.shape[0]), int(image.shape[1])
        self.pixels = imagenet_pixels(image, (side, side), model.device).to(model.dtype)

    @cached_property
    def features(self) -> dict[str, list[Tensor]]:
        """The image encoder's feature maps and their positions, as the session keeps them."""
        found = self._model.get_image_features(self.pixels, return_dict=True)
        return {
            "vision_feats": found.fpn_hidden_states,
            "vision_pos_embeds": found.fpn_position_encoding,
        }


class VideoMemory:
    """The objects of one key frame, remembered; a `Sam2VideoInferenceSession` that does not grow.

    transformers' session keeps everything that it has ever seen. Of what was tracked the network
    reads the last `num_maskmem` - 1 memories and the last `max_object_pointers_in_encoder` - 1
    pointers, of the key frame all; the rest is thrown away after each image. The masks are the
    same.
    """

    def __init__(self, model: Sam2VideoModel, view: VideoView, masks: NDArray[np.bool_]) -> None:
        """Remembers objects.

        Args:
            model: the network; its device and dtype are used.
            view: the key frame.
            masks: (N, H, W) bool of its size, N at least 1.
        """
        self._model = model.eval()
        self._reach = max(
            int(model.config.num_maskmem), int(model.config.max_object_pointers_in_encoder)
        )
        self._index = 0
        self._session = Sam2VideoInferenceSession(
            video_height=view.size[0],
            video_width=view.size[1],
            inference_device=model.device,
            inference_state_device=model.device,
            video_storage_device=model.device,
            dtype=model.dtype,
        )
        for number, mask in enumerate(masks):
            index = self._session.obj_id_to_idx(number)
            plane = torch.from_numpy(mask)[None, None].to(model.device, model.dtype)
            self._session.add_mask_inputs(index, 0, plane)
            self._session.obj_with_new_inputs.append(number)
        self._run(view)

    @property
    def count(self) -> int:
        """Images that are remembered, of the object of which most are."""
        return max(
            len(kind)
            for outputs in self._session.output_dict_per_obj.values()
            for kind in outputs.values()
        )

    @torch.inference_mode()
    def step(self, view: VideoView) -> tuple[Tensor, Tensor]:
        """Finds the objects in the next image.

        Returns:
            (N, h, w) logits of the masks, float32, and (N,) probability that each can be seen,
            [0, 1].
        """
        self._index += 1
        masks, scores = self._run(view)
        return masks, torch.sigmoid(scores)

    @torch.inference_mode()
    def _run(self, view: VideoView) -> tuple[Tensor, Tensor]:
        """Logits of masks and scores in an image, which is remembered."""
        self._session.cache.clear_all()
        self._session.cache.cache_vision_features(self._index, view.features)
        found = self._model(self._session, frame=view.pixels, frame_idx=self._index)
        self._forget()
        return found.pred_masks[:, 0].float(), found.object_score_logits.flatten().float()

    def _forget(self) -> None:
        session, oldest = self._session, self._index + 1 - self._reach
        session.processed_frames = None
        session.cache.clear_all()
        for inputs in session.mask_inputs_per_obj.values():
            inputs.clear()
        for index, outputs in session.output_dict_per_obj.items():
            for kind in outputs.values():
                for output in kind.values():
                    output.pop("pred_masks", None)
                    output.pop("high_res_masks", None)
            tracked = outputs["non_cond_frame_outputs"]
            for number in [number for number in tracked if number <= oldest]:
                del tracked[number]
            session.frames_tracked_per_obj[index].clear()


class VideoTracker:
    """See `Tracker`.

    Args:
        model: SAM 2 with its memory, such as the checkpoints of SAM 2.1.
    """

    kept = 8
    jumps = True

    def __init__(self, model: Sam2VideoModel) -> None:
        self._model = model.eval()

    @torch.inference_mode()
    def view(self, image: NDArray[np.uint8]) -> VideoView:
        """See `Tracker`."""
        return VideoView(self._model, image)

    def begin(self, masks: NDArray[np.bool_], key: VideoView) -> _VideoTracks:
        """See `Tracker`."""
        return _VideoTracks(self._model, masks, key)


class _VideoTracks:
    def __init__(self, model: Sam2VideoModel, masks: NDArray[np.bool_], key: VideoView) -> None:
        self._memory = VideoMemory(model, key, masks) if len(masks) else None
        self._masks = masks
        self._shown = np.ones(len(masks), dtype=bool)
        self._sureness = np.ones(len(masks))

    def step(self, view: VideoView) -> None:
        if self._memory is None:
            return
        logits, shown = self._memory.step(view)
        enlarged = [
            F.interpolate(each[None, None], view.size, mode="bilinear")[0, 0] > 0
            for each in logits  # one after the other: of a large image all would take gigabytes
        ]
        self._masks = torch.stack(enlarged).cpu().numpy()
        self._sureness = shown.cpu().numpy().astype(np.float64)
        self._shown = (self._sureness > 0.5) & self._masks.any(axis=(1, 2))

    def masks(self) -> NDArray[np.bool_]:
        return self._masks[self._shown]

    def outline(self) -> NDArray[np.bool_]:
        return np.asarray(self.masks().any(axis=0))

    @property
    def quality(self) -> float:
        return float(self._sureness[self._shown].min()) if self._shown.any() else 0.0

    @property
    def lost(self) -> str:
        if self._memory is None or self._shown.any():
            return ""
        return "it cannot be seen"
