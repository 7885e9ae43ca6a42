# SPDX-License-Identifier: Apache-2.0
"""Configuration of the method: dataclasses with the unit beside each field.

A bad value is refused when the object is made, with the value in the message.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from typing import Any, TypeVar

__all__ = [
    "ImageEncoderConfig",
    "ImageEncoderKind",
    "LLMSegConfig",
    "ProposalConfig",
    "RuntimeConfig",
    "SegTokenConfig",
    "SelectionConfig",
    "SelectionRule",
    "SelectorConfig",
]

T = TypeVar("T")
E = TypeVar("E", bound=Enum)


def _require(condition: bool, name: str, value: object, wanted: str) -> None:
    if not condition:
        raise ValueError(f"{name} is {value!r}, it must be {wanted}")


def _one_of(values: type[E], name: str, value: object) -> E:
    try:
        return values(value)
    except ValueError:
        allowed = ", ".join(one.value for one in values)
        raise ValueError(f"{name} is {value!r}, it must be one of {allowed}") from None


@dataclass(frozen=True)
class ProposalConfig:
    """SAM's everything mode (paper section 3.2; the defaults are SamAutomaticMaskGenerator's)."""

    points_per_side: int = 32
    """prompt points along each side of the image"""
    points_per_batch: int | None = None
    """prompt points decoded at once; None chooses by device"""
    pred_iou_thresh: float = 0.88
    """masks with a lower predicted IoU are dropped"""
    stability_score_thresh: float = 0.95
    """masks with a lower stability score are dropped, [0, 1]"""
    stability_score_offset: float = 1.0
    """logits that the cut is moved up and down by for the stability score"""
    box_nms_thresh: float = 0.7
    """box IoU above which the worse of two masks is dropped, [0, 1]"""
    crop_n_layers: int = 0
    """layers of crops looked at besides the whole image: layer i has 4^i; 0 looks at no crop"""
    crop_overlap_ratio: float = 512 / 1500
    """overlap of neighbouring crops in layer 1, fraction of the image's shorter side, [0, 1)"""
    crop_n_points_downscale_factor: int = 1
    """in layer i there are points_per_side / this^i points along each side of a crop"""
    crop_nms_thresh: float = 0.7
    """box IoU above which of two masks from different crops the larger crop's goes, [0, 1]"""
    low_resolution_stability: bool = False
    """measure stability on SAM's own logits instead of the image's pixels: nearly exact, faster"""
    coarse_step: int = 1
    """above 1, every n-th point of each row and column comes first, and points inside masks that
    it is sure of are skipped: nearly exact, faster; 1 decodes every point"""
    coarse_confidence: float = 0.9
    """predicted IoU from which a mask of the coarse points is sure"""
    max_image_side: int = 1024
    """pixels; a larger image is shrunk to this longest side before everything else"""
    max_proposals: int = 50
    """the largest masks by area that are kept"""

    def __post_init__(self) -> None:
        _require(self.points_per_side >= 1, "points_per_side", self.points_per_side, "at least 1")
        _require(
            self.points_per_batch is None or self.points_per_batch >= 1,
            "points_per_batch",
            self.points_per_batch,
            "at least 1, or null for the device's own size",
        )
        for name in ("stability_score_thresh", "box_nms_thresh", "crop_nms_thresh"):
            value = getattr(self, name)
            _require(0.0 <= value <= 1.0, name, value, "in [0, 1]")
        overlap, factor = self.crop_overlap_ratio, self.crop_n_points_downscale_factor
        _require(0.0 <= overlap < 1.0, "crop_overlap_ratio", overlap, "at least 0 and below 1")
        _require(self.crop_n_layers >= 0, "crop_n_layers", self.crop_n_layers, "at least 0")
        _require(
            factor >= 1 and factor**self.crop_n_layers <= self.points_per_side,
            "crop_n_points_downscale_factor",
            factor,
            "at least 1 and leave a point in the last layer of crops",
        )
        _require(
            1 <= self.coarse_step <= self.points_per_side,
            "coarse_step",
            self.coarse_step,
            f"in [1, points_per_side = {self.points_per_side}]",
        )
        _require(self.max_image_side >= 16, "max_image_side", self.max_image_side, "at least 16")
        _require(self.max_proposals >= 1, "max_proposals", self.max_proposals, "at least 1")


class ImageEncoderKind(str, Enum):
    """The three image encoders of the paper's Table 4."""

    DINOV2 = "dinov2"
    """DINOv2, the method's own"""
    CLIP_CONVNEXT = "clip_convnext"
    """the ConvNeXt of a CLIP"""
    SAM = "sam"
    """the encoder of the SAM that proposes"""


@dataclass(frozen=True)
class ImageEncoderConfig:
    """The image encoder and its input (paper section 3.3, Table 4)."""

    kind: ImageEncoderKind = ImageEncoderKind.DINOV2
    """which network describes the image"""
    image_size: int = 896
    """pixels; the longest side is resized to it, the rest is padded right and bottom; with "sam"
    SAM's own input size holds instead"""
    pooling_size: int = 256
    """cells a side of the square on which masks weigh features; a multiple of the feature map"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", _one_of(ImageEncoderKind, "kind", self.kind))
        _require(self.image_size >= 16, "image_size", self.image_size, "at least 16")
        _require(self.pooling_size >= 1, "pooling_size", self.pooling_size, "at least 1")


@dataclass(frozen=True)
class SegTokenConfig:
    """How the VLM is asked (paper section 3.1)."""

    image_fit: str = "crop"
    """how the image meets the VLM's square: "crop" (shortest side, centre), "pad" or "stretch" """
    system: str = (
        "A chat between a curious human and an artificial intelligence assistant. "
        "The assistant gives helpful, detailed, and polite answers to the human's questions."
    )
    """text before the first turn"""
    user: str = "USER"
    """name of the asking side"""
    assistant: str = "ASSISTANT"
    """name of the answering side"""
    wrap_image: bool = True
    """whether image tokens stand between <im_start> and <im_end>"""
    question: str = "{instruction} Please output segmentation mask."
    """template of the question"""
    trim: bool = False
    """whether blanks beside image and seg token are dropped, as LLaVA v1's own tokenizer did"""

    def __post_init__(self) -> None:
        _require(
            self.image_fit in ("crop", "pad", "stretch"),
            "image_fit",
            self.image_fit,
            '"crop", "pad" or "stretch"',
        )
        _require(
            "{instruction}" in self.question, "question", self.question, "a text with {instruction}"
        )


@dataclass(frozen=True)
class SelectorConfig:
    """Sizes of the trainable selector (paper section 3.4, figure 4)."""

    feature_dim: int = 1024
    """C, channels of the image encoder"""
    hidden_dim: int = 4096
    """width of the language model"""
    width: int = 256
    """D, width of the fusion module"""
    num_blocks: int = 2
    """two-way attention blocks"""
    num_heads: int = 8
    """attention heads"""
    attention_downsample: int = 1
    """factor by which cross-attention is narrower than `width`; SAM has 2, the method 1"""
    mlp_dim: int = 2048
    """hidden width of the fusion module's MLP"""
    iop_hidden_dim: int = 128
    """hidden width of the IoP head"""
    embedding_hidden_dim: int = 2048
    """hidden width of the IoU head"""
    temperature: float = 0.05
    """of both softmaxes of the alignment loss"""
    use_fusion: bool = True
    """whether the fusion module stands between pooled features and heads"""
    box_encoding: bool = False
    """whether each mask embedding also knows its box (not in the paper; for relations)"""

    def __post_init__(self) -> None:
        for spec in fields(self):
            value = getattr(self, spec.name)
            if spec.type == "int":
                _require(value >= 1, spec.name, value, "at least 1")
        _require(self.temperature > 0, "temperature", self.temperature, "above 0")
        inner = self.num_heads * self.attention_downsample
        _require(
            self.width % inner == 0,
            "width",
            self.width,
            f"a multiple of num_heads x attention_downsample = {inner}",
        )


class SelectionRule(str, Enum):
    """The four rules of the paper's Table 3."""

    TOP_IOU = "top_iou"
    """the proposal with the highest IoU score"""
    IOP = "iop"
    """all proposals whose IoP is above the threshold"""
    TOP_IOU_OR_IOP = "top_iou_or_iop"
    """the union of both"""
    IOP_AMONG_TOP = "iop_among_top"
    """proposals above the IoP threshold among the k with the highest IoU score"""


@dataclass(frozen=True)
class SelectionConfig:
    """Which proposals make the answer (paper Table 3)."""

    rule: SelectionRule = SelectionRule.IOP
    """the selection rule"""
    iop_threshold: float = 0.5
    """proposals with a higher predicted IoP are taken, [0, 1]"""
    top_k: int = 5
    """proposals that `iop_among_top` looks at"""
    min_confidence: float = 0.0
    """an answer less sure than this is "nothing here fits", [0, 1]"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rule", _one_of(SelectionRule, "rule", self.rule))
        for name in ("iop_threshold", "min_confidence"):
            value = getattr(self, name)
            _require(0.0 <= value <= 1.0, name, value, "in [0, 1]")
        _require(self.top_k >= 1, "top_k", self.top_k, "at least 1")


@dataclass(frozen=True)
class RuntimeConfig:
    """Where and how the networks run; not part of a model directory."""

    device: str = "cpu"
    """a torch device: "cpu", "cuda", "cuda:1" """
    dtype: str = "float32"
    """"float32", "bfloat16" or "float16" """
    attention: str = "sdpa"
    """attention implementation of transformers: "sdpa", "eager" or "flash_attention_2"; SAM's image
    encoder, which adds a bias to its scores, always takes "sdpa" """
    memory_budget_mb: int | None = None
    """MB (2^20 bytes) for everything mode beside weights and image encoder; None takes 4096 on a
    GPU, and on a CPU what its caches hold"""
    compile: bool = False
    """whether SAM is compiled by torch.compile: nearly exact, faster after minutes of compiling"""

    def __post_init__(self) -> None:
        _require(
            self.dtype in ("float32", "bfloat16", "float16"),
            "dtype",
            self.dtype,
            '"float32", "bfloat16" or "float16"',
        )
        _require(
            self.attention in ("sdpa", "eager", "flash_attention_2"),
            "attention",
            self.attention,
            '"sdpa", "eager" or "flash_attention_2"',
        )
        _require(
            self.memory_budget_mb is None or self.memory_budget_mb >= 1,
            "memory_budget_mb",
            self.memory_budget_mb,
            "at least 1, or null for the device's own size",
        )


@dataclass(frozen=True)
class LLMSegConfig:
    """Everything that `llmseg.yaml` of a model directory says.

    `sam`, `dinov2`, `convnext` and `llava` are each a sub-folder of the model directory, an
    absolute path or a name that transformers resolves; of `dinov2` and `convnext` only the one that
    `image_encoder.kind` needs is there. `adapter` is a sub-folder with LoRA weights, or None.
    """

    method: str = "llm_seg"
    """which method the directory holds; left out, it is LLM-Seg"""
    profile: str = "llava-7b"
    """name of the profile, for people"""
    sam: str = "sam"
    dinov2: str = "dinov2"
    convnext: str = "convnext"
    llava: str = "llava"
    adapter: str | None = None
    proposals: ProposalConfig = field(default_factory=ProposalConfig)
    image_encoder: ImageEncoderConfig = field(default_factory=ImageEncoderConfig)
    seg_token: SegTokenConfig = field(default_factory=SegTokenConfig)
    selector: SelectorConfig = field(default_factory=SelectorConfig)
    selection: SelectionConfig = field(default_factory=SelectionConfig)

    def __post_init__(self) -> None:
        _require(self.method == "llm_seg", "method", self.method, '"llm_seg"')

    def to_dict(self) -> dict[str, Any]:
        """Plain values for YAML."""
        plain = asdict(self)
        del plain["method"]  # as every directory was written before there were others
        plain["selection"]["rule"] = self.selection.rule.value
        plain["image_encoder"]["kind"] = self.image_encoder.kind.value
        return plain

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> LLMSegConfig:
        """The configuration from plain values; unknown keys are refused by name."""
        parts: dict[str, type] = {
            "proposals": ProposalConfig,
            "image_encoder": ImageEncoderConfig,
            "seg_token": SegTokenConfig,
            "selector": SelectorConfig,
            "selection": SelectionConfig,
        }
        values = {
            key: _from_dict(parts[key], value, key) if key in parts else value
            for key, value in values.items()
        }
        return _from_dict(cls, values, "llmseg.yaml")


def _from_dict(cls: type[T], values: dict[str, Any], where: str) -> T:
    if not isinstance(values, dict):
        raise ValueError(f"{where} is {values!r}, it must be a mapping")
    allowed = {spec.name for spec in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - allowed)
    if unknown:
        raise ValueError(
            f"{where} has the unknown key {unknown[0]!r}; known are {', '.join(sorted(allowed))}"
        )
    return cls(**values)
