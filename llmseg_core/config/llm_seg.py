# SPDX-License-Identifier: Apache-2.0
"""Configuration of LLM-Seg: what `llmseg.yaml` of a model directory says, with units."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any

from .calibration import Calibration
from .expected_iou import ExpectedIoU
from .limits import Above, AtLeast, Below, Between, OneOf
from .presence import Presence
from .settings import Settings
from .templates import Template
from .values import require
from .vlm import SegTokenVlmConfig, with_vlm

__all__ = [
    "INSTRUCTION",
    "PAPER_RULES",
    "ImageEncoderConfig",
    "ImageEncoderKind",
    "LLMSegConfig",
    "ProposalConfig",
    "SegTokenConfig",
    "SelectionConfig",
    "SelectionRule",
    "SelectorConfig",
    "without_defaults",
]

INSTRUCTION = Template("instruction")
"""The question that the VLM is asked: what stands around an instruction."""


@dataclass(frozen=True)
class ProposalConfig(Settings):
    """SAM's everything mode (paper section 3.2; the defaults are SamAutomaticMaskGenerator's)."""

    points_per_side: Annotated[int, Between(1, 1024)] = 32
    """prompt points along each side of the image"""
    points_per_batch: Annotated[int, AtLeast(1)] | None = None
    """prompt points decoded at once; None chooses by device"""
    pred_iou_thresh: float = 0.88
    """masks with a lower predicted IoU are dropped"""
    stability_score_thresh: Annotated[float, Between(0, 1)] = 0.95
    """masks with a lower stability score are dropped, [0, 1]"""
    stability_score_offset: float = 1.0
    """logits that the cut is moved up and down by for the stability score"""
    box_nms_thresh: Annotated[float, Between(0, 1)] = 0.7
    """box IoU above which the worse of two masks is dropped, [0, 1]"""
    crop_n_layers: Annotated[int, Between(0, 6)] = 0
    """layers of crops looked at besides the whole image: layer i has 4^i; 0 looks at no crop"""
    crop_overlap_ratio: Annotated[float, AtLeast(0), Below(1)] = 512 / 1500
    """overlap of neighbouring crops in layer 1, fraction of the image's shorter side, [0, 1)"""
    crop_n_points_downscale_factor: Annotated[int, AtLeast(1)] = 1
    """in layer i there are points_per_side / this^i points along each side of a crop"""
    crop_nms_thresh: Annotated[float, Between(0, 1)] = 0.7
    """box IoU above which of two masks from different crops the larger crop's goes, [0, 1]"""
    min_mask_region_area: Annotated[int, AtLeast(0)] = 0
    """pixels; smaller holes are filled and smaller regions dropped; 0 leaves masks as they are"""
    low_resolution_stability: bool = False
    """measure stability on SAM's own logits instead of the image's pixels: nearly exact"""
    low_resolution_measures: bool = False
    """measure stability, area and box on SAM's own logits until it is known which masks are kept,
    and only those on the image's pixels: nearly exact, faster on a CPU"""
    coarse_step: Annotated[int, AtLeast(1)] = 1
    """above 1, every n-th point of each row and column comes first, and points inside masks that
    it is sure of are skipped: nearly exact, faster; 1 decodes every point"""
    coarse_confidence: float = 0.9
    """predicted IoU from which a mask of the coarse points is sure"""
    max_image_side: Annotated[int, Between(16, 16384)] = 1024
    """pixels; a larger image is shrunk to this longest side before everything else"""
    max_proposals: Annotated[int, Between(1, 10000)] = 50
    """masks that are kept, largest first"""
    keep: Annotated[str, OneOf("largest", "likeliest")] = "largest"
    """which of more than `max_proposals`: "largest" by area, as the released code has it, or
    "likeliest" by predicted IoU, for a SAM that ranks"""
    skip_padding: bool = False
    """whether SAM leaves out what it pads its square with below or beside an image, in whole
    windows of its attention: less work, other masks, unless SAM learned so, too"""
    refine: bool = False
    """whether masks are refined by a network that belongs to SAM, where its folder holds one (not
    in the paper)"""

    def __post_init__(self) -> None:
        super().__post_init__()
        factor = self.crop_n_points_downscale_factor
        require(
            factor**self.crop_n_layers <= self.points_per_side,
            "crop_n_points_downscale_factor",
            factor,
            "at least 1 and leave a point in the last layer of crops",
        )
        require(
            self.coarse_step <= self.points_per_side,
            "coarse_step",
            self.coarse_step,
            f"in [1, points_per_side = {self.points_per_side}]",
        )


class ImageEncoderKind(str, Enum):
    """The three image encoders of the paper's Table 4."""

    DINOV2 = "dinov2"
    """DINOv2, the method's own; with registers too, or DINOv3, as its folder's config.json says"""
    CLIP_CONVNEXT = "clip_convnext"
    """the ConvNeXt of a CLIP"""
    SAM = "sam"
    """the encoder of the SAM that proposes"""


@dataclass(frozen=True)
class ImageEncoderConfig(Settings):
    """The image encoder and its input (paper section 3.2, Table 4)."""

    kind: ImageEncoderKind = ImageEncoderKind.DINOV2
    """which network describes the image"""
    image_size: Annotated[int, Between(16, 8192)] = 896
    """pixels; the longest side is resized to it, the rest is padded right and bottom; with "sam"
    SAM's own input size holds instead"""
    pooling_size: Annotated[int, Between(1, 8192)] = 256
    """cells a side of the square on which masks weigh features; a multiple of the feature map"""
    skip_padding: bool = False
    """whether DINOv2 leaves out patches of padding alone, a quarter where an image is 4 : 3; for
    networks that learned so"""


@dataclass(frozen=True)
class SegTokenConfig(Settings):
    """How the VLM is asked (paper section 3.1).

    All of it is for LLaVA; other families have pixels and a conversation of their own, and
    `question` alone counts.
    """

    image_fit: Annotated[str, OneOf("crop", "pad", "stretch")] = "crop"
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
    question: Annotated[str, INSTRUCTION] = "{instruction} Please output segmentation mask."
    """template of the question"""
    trim: bool = False
    """whether blanks beside image and seg token are dropped, as LLaVA v1's own tokenizer did"""


@dataclass(frozen=True)
class SelectorConfig(Settings):
    """Sizes of the trainable selector (paper section 3.3, figure 3)."""

    feature_dim: Annotated[int, Between(1, 65536)] = 1024
    """C, channels of the image encoder"""
    hidden_dim: Annotated[int, Between(1, 65536)] = 4096
    """width of the language model"""
    width: Annotated[int, Between(1, 65536)] = 256
    """D, width of the fusion module"""
    num_blocks: Annotated[int, Between(1, 100)] = 2
    """two-way attention blocks"""
    num_heads: Annotated[int, Between(1, 65536)] = 8
    """attention heads"""
    attention_downsample: Annotated[int, Between(1, 65536)] = 1
    """factor by which cross-attention is narrower than `width`; SAM has 2, the method 1"""
    mlp_dim: Annotated[int, Between(1, 65536)] = 2048
    """hidden width of the fusion module's MLP"""
    iop_hidden_dim: Annotated[int, Between(1, 65536)] = 128
    """hidden width of the IoP head"""
    embedding_hidden_dim: Annotated[int, Between(1, 65536)] = 2048
    """hidden width of the IoU head"""
    temperature: Annotated[float, Above(0)] = 0.05
    """of both softmaxes of the alignment loss"""
    use_fusion: bool = True
    """whether the fusion module stands between pooled features and heads"""
    box_encoding: bool = False
    """whether each mask embedding also knows its box (not in the paper; for relations)"""

    def __post_init__(self) -> None:
        super().__post_init__()
        inner = self.num_heads * self.attention_downsample
        require(
            self.width % inner == 0,
            "width",
            self.width,
            f"a multiple of num_heads x attention_downsample = {inner}",
        )


class SelectionRule(str, Enum):
    """The four rules of the paper's Table 3, and one of our own."""

    TOP_IOU = "top_iou"
    """the proposal with the highest IoU score"""
    IOP = "iop"
    """all proposals whose IoP is above the threshold"""
    TOP_IOU_OR_IOP = "top_iou_or_iop"
    """the union of both"""
    IOP_AMONG_TOP = "iop_among_top"
    """proposals above the IoP threshold among the k with the highest IoU score"""
    EXPECTED_IOU = "expected_iou"
    """the union of proposals of which the highest IoU is expected (not in the paper)"""


PAPER_RULES = (
    SelectionRule.TOP_IOU,
    SelectionRule.IOP,
    SelectionRule.TOP_IOU_OR_IOP,
    SelectionRule.IOP_AMONG_TOP,
)
"""the rules of the paper's Table 3, in its order"""


@dataclass(frozen=True)
class SelectionConfig(Settings):
    """Which proposals make the answer (paper Table 3)."""

    rule: SelectionRule = SelectionRule.IOP
    """the selection rule"""
    iop_threshold: Annotated[float, Between(0, 1)] = 0.5
    """proposals with a higher predicted IoP are taken, [0, 1]"""
    top_k: Annotated[int, AtLeast(1)] = 5
    """proposals that `iop_among_top` looks at"""
    min_confidence: Annotated[float, Between(0, 1)] = 0.0
    """a mask less sure than this is "nothing here fits", [0, 1]; of a calibrated model the chance
    that the mask is right, else the method's own score"""
    accept_unfamiliar: bool = False
    """whether images that are unlike all that the model was trained on are answered all the same"""
    expected_iou: ExpectedIoU | None = None
    """how the rule `expected_iou` judges answers; null where it was not fitted"""
    min_presence: Annotated[float, Between(0, 1)] = 0.0
    """where the chance that anything fits is less than this, the answer is "nothing here fits",
    [0, 1]; 0 answers always"""
    presence: Presence | None = None
    """how that chance is told; null where it was not fitted"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rule is SelectionRule.EXPECTED_IOU and self.expected_iou is None:
            others = ", ".join(rule.value for rule in PAPER_RULES)
            raise ValueError(
                f"rule is 'expected_iou', for which this model was not fitted: run "
                f"llmseg calibrate --rule expected_iou, or take one of {others}"
            )
        if self.min_presence > 0 and self.presence is None:
            raise ValueError(
                f"min_presence is {self.min_presence:g}, for which this model was not fitted: run "
                f"llmseg calibrate --presence, or leave it 0"
            )


_LATER = (
    ("proposals", ProposalConfig(), "min_mask_region_area"),
    ("proposals", ProposalConfig(), "low_resolution_measures"),
    ("proposals", ProposalConfig(), "keep"),
    ("proposals", ProposalConfig(), "refine"),
    ("proposals", ProposalConfig(), "skip_padding"),
    ("image_encoder", ImageEncoderConfig(), "skip_padding"),
    ("selection", SelectionConfig(), "accept_unfamiliar"),
    ("selection", SelectionConfig(), "expected_iou"),
    ("selection", SelectionConfig(), "min_presence"),
    ("selection", SelectionConfig(), "presence"),
)
"""settings that there were not always: written where they say something"""


def without_defaults(plain: dict[str, Any]) -> dict[str, Any]:
    """Plain values of a model's configuration without what was added later and says nothing."""
    for section, default, name in _LATER:
        if section in plain and plain[section][name] == getattr(default, name):
            del plain[section][name]
    for name in ("calibration", "vlm"):
        if plain[name] is None:
            del plain[name]
    if "vlm" in plain:  # the same part by its other name
        del plain["llava"]
    return plain


@dataclass(frozen=True)
class LLMSegConfig(Settings):
    """Everything that `llmseg.yaml` of a model directory says.

    `sam`, `dinov2`, `convnext` and `llava` are each a sub-folder of the model directory, an
    absolute path or a name that transformers resolves; of `dinov2` and `convnext` only the one that
    `image_encoder.kind` needs is there. `adapter` is a sub-folder with LoRA weights, or None.
    """

    method: Annotated[str, OneOf("llm_seg")] = "llm_seg"
    """which method the directory holds; left out, it is LLM-Seg"""
    profile: str = "llava-7b"
    """name of the profile, for people"""
    sam: str = "sam"
    dinov2: str = "dinov2"
    convnext: str = "convnext"
    llava: str = "llava"
    vlm: SegTokenVlmConfig | None = None
    """the VLM, where it is no LLaVA or its image has a limit; null takes `llava`"""
    adapter: str | None = None
    proposals: ProposalConfig = field(default_factory=ProposalConfig)
    image_encoder: ImageEncoderConfig = field(default_factory=ImageEncoderConfig)
    seg_token: SegTokenConfig = field(default_factory=SegTokenConfig)
    selector: SelectorConfig = field(default_factory=SelectorConfig)
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    calibration: Calibration | None = None
    """how often answers are right; null leaves confidences as the method's own scores"""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for YAML."""
        plain = super().to_dict()
        del plain["method"]  # as every directory was written before there were others
        return without_defaults(plain)

    @classmethod
    def from_dict(cls, values: Any, where: str = "llmseg.yaml") -> LLMSegConfig:
        """The configuration from plain values.

        Raises:
            ValueError: naming section and key, quoting a bad value.
        """
        return super().from_dict(with_vlm(values), where)
