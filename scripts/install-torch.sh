#!/usr/bin/env bash
# Installs PyTorch and torchvision: `scripts/install-torch.sh PIP`, where PIP is the pip of the environment that gets them.
# PyTorch's own index has them without CUDA, a tenth of the size; PyPI has them where that index cannot be reached.
set -euo pipefail
pip="$1"
"$pip" install --quiet --retries 1 torch torchvision --index-url https://download.pytorch.org/whl/cpu ||
  "$pip" install --quiet torch torchvision
