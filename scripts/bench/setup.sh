#!/usr/bin/env bash
# Makes the virtual environment with PyTorch and transformers that the benchmarks compare with: setup.sh [FOLDER]
set -euo pipefail
venv=${1:-bench-venv}
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet torch transformers datasets accelerate scipy scikit-learn pyarrow
"$venv/bin/python" -c 'import torch, transformers; print("torch", torch.__version__, "transformers", transformers.__version__)'
