# SPDX-License-Identifier: Apache-2.0
"""Installs llmseg without ROS: `pip install .`, or `pip install .[training]` to train as well.

On a ROS distribution colcon builds the package from package.xml and CMakeLists.txt instead.
Tested versions are in requirements*.txt; the ranges here say what is known to be needed.
"""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent

INFERENCE = [
    "backports.zstd>=1.0; python_version < '3.14'",
    "filelock>=3.12",
    "huggingface_hub>=1.31",
    "jinja2>=3.1",
    "lz4>=4.3",
    "numpy>=1.26",
    "opencv-python-headless>=4.8",
    "peft>=0.21",
    "pillow>=10",
    "PyYAML>=6",
    "rich>=13",
    "rosbags>=0.11",
    "safetensors>=0.5",
    "sentencepiece>=0.2",
    "starlette>=1.0",
    "tokenizers>=0.22",
    "torch>=2.9",
    "tqdm>=4.66",
    "transformers>=5.20,<6",
    "uvicorn>=0.40",
]
TRAINING = [
    "accelerate>=1.10",
    "embreex>=4.4",
    "matplotlib>=3.8",
    "pycocotools>=2.0.8",
    "rosbags-image>=0.10",
    "scipy>=1.13",
    "tensorboard>=2.18",
    "trimesh>=5",
]
DISTRIBUTED = [
    "pyarrow>=17",
    "ray[data]>=2.54",
]
RERUN = ["rerun-sdk>=0.41,<0.42"]


def packages() -> list[str]:
    """Every package to install; the folder training/ is installed as llmseg_training."""
    here = str(HERE)
    found = find_packages(
        here, include=["llmseg_core", "llmseg_core.*", "llmseg_ros", "llmseg_ros.*"]
    )
    training = [f"llmseg_training.{name}" for name in find_packages(str(HERE / "training"))]
    return [*found, "llmseg_training", *training]


def added(package: str, group: str) -> list[str]:
    """What a package adds to a group of entry points; colcon reads it from the same file."""
    file = ConfigParser()
    file.read(HERE / package / "setup.cfg", encoding="utf-8")
    return file["options.entry_points"][group].split("\n")[1:]


setup(
    name="llmseg",
    version="0.1.0",
    description="Segments what a natural-language instruction means in an image, by LLM-Seg",
    license="Apache-2.0",
    classifiers=[
        "Operating System :: POSIX :: Linux",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 15)),
    ],
    python_requires=">=3.10",
    packages=packages(),
    package_dir={"llmseg_training": "training"},
    package_data={
        "llmseg_core": [
            "py.typed",
            "embedded/**/*",
            "images/*.html",
            "model_dir/*.yaml",
            "web/assets/*",
        ],
        "llmseg_ros": ["*.xml", "demo/recording/*", "web/assets/*"],
        "llmseg_training": [
            "configs/*.yaml",
            "configs/*.json",
            "evaluate/*.yaml",
            "generate/result/*.html",
            "label/assets/*",
        ],
    },
    install_requires=INFERENCE,
    extras_require={
        "training": TRAINING,
        "distributed": [*TRAINING, *DISTRIBUTED],
        "rerun": RERUN,
    },
    entry_points={
        "console_scripts": ["llmseg = llmseg_core.cli.main:main"],
        "llmseg.checks": added("llmseg_ros", "llmseg.checks"),
        "llmseg.commands": added("training", "llmseg.commands"),
    },
)
