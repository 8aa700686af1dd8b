"""What importing needs, in fresh interpreters: the package's files, no installed PyTorch."""

import subprocess
import sys
from pathlib import Path

import mitsume

PACKAGE = Path(mitsume.__file__).parent


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd="/")


def test_without_pytorch_the_extra_is_named():
    program = (
        "import sys; sys.modules['torch'] = None\n"
        f"sys.path.insert(0, {str(PACKAGE.parent)!r})\n"
        "import mitsume.torch"
    )
    result = run(program)
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: mitsume.torch needs PyTorch") and "mitsume[torch]" in last


def test_the_native_module_is_not_imported():
    """The package's __init__ imports it; a bare parent in its place shows that the rest does not."""
    program = (
        "import sys, types\n"
        "parent = types.ModuleType('mitsume')\n"
        f"parent.__path__ = [{str(PACKAGE)!r}]\n"
        "sys.modules['mitsume'] = parent\n"
        "sys.modules['mitsume._mitsume'] = None\n"
        "import mitsume.torch, torch\n"
        "maps, labels = torch.rand(4, 3, 3), torch.tensor([0, 0, 1, 1])\n"
        "value = mitsume.torch.ConsistencyLoss(2)(maps, labels, labels)\n"
        "assert 0 < value < 1, value\n"
        "print('computed')"
    )
    result = run(program)
    assert result.stdout.strip() == "computed", result.stderr
