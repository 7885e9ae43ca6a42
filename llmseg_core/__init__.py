"""The method of LLM-Seg, from image and instruction to mask; knows neither ROS nor training."""

from .build import embedded_config, llava_7b_config
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
from .prompts import SEG_TOKEN
from .seg_token import PromptBatch, SegTokenEncoder, TeacherForced
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
    "MaskEmbedder",
    "MaskSelector",
    "PooledMaskEmbedder",
    "PromptBatch",
    "ProposalConfig",
    "ProposalEmbeddings",
    "ProposalScores",
    "Proposals",
    "RuntimeConfig",
    "SegEmbedding",
    "SegTokenConfig",
    "SegTokenEncoder",
    "Segmentation",
    "Selection",
    "SelectionConfig",
    "SelectionRule",
    "SelectorConfig",
    "TeacherForced",
    "embedded_config",
    "llava_7b_config",
    "mask_pooling",
    "proposal_weights",
]
