"""The method of LLM-Seg, from image and instruction to mask; knows neither ROS nor training."""

from .build import build_pipeline, embedded_config, llava_7b_config
from .checkpoint import load_parts, save_parts
from .config import (
    ImageEncoderConfig,
    LLMSegConfig,
    ProposalConfig,
    RuntimeConfig,
    SegTokenConfig,
    SelectionConfig,
    SelectionRule,
    SelectorConfig,
)
from .dinov2 import Dinov2Encoder
from .fusion import FusionModule
from .mask_embedder import ImageEncoder, MaskEmbedder, PooledMaskEmbedder
from .mask_pooling import mask_pooling, proposal_weights
from .metrics import MaskCounts, MaskIoUMetric
from .overlap import pairwise_iop, pairwise_iou
from .overlay import draw_overlay
from .parts import ModelParts
from .pipeline import LLMSegPipeline
from .prompts import SEG_TOKEN
from .proposals import ProposalGenerator, SamProposalGenerator
from .seg_token import PromptBatch, SegTokenEncoder, TeacherForced
from .selection import select, union_mask
from .selector import MaskSelector
from .types import (
    FrameEncoding,
    ImagePrefix,
    ProposalEmbeddings,
    Proposals,
    ProposalScores,
    SegEmbedding,
    Segmentation,
    Selection,
)

__all__ = [
    "SEG_TOKEN",
    "Dinov2Encoder",
    "FrameEncoding",
    "FusionModule",
    "ImageEncoder",
    "ImageEncoderConfig",
    "ImagePrefix",
    "LLMSegConfig",
    "LLMSegPipeline",
    "MaskCounts",
    "MaskEmbedder",
    "MaskIoUMetric",
    "MaskSelector",
    "ModelParts",
    "PooledMaskEmbedder",
    "PromptBatch",
    "ProposalConfig",
    "ProposalEmbeddings",
    "ProposalGenerator",
    "ProposalScores",
    "Proposals",
    "RuntimeConfig",
    "SamProposalGenerator",
    "SegEmbedding",
    "SegTokenConfig",
    "SegTokenEncoder",
    "Segmentation",
    "Selection",
    "SelectionConfig",
    "SelectionRule",
    "SelectorConfig",
    "TeacherForced",
    "build_pipeline",
    "draw_overlay",
    "embedded_config",
    "llava_7b_config",
    "load_parts",
    "mask_pooling",
    "pairwise_iop",
    "pairwise_iou",
    "proposal_weights",
    "save_parts",
    "select",
    "union_mask",
]
