"""The command line: ``mitsume`` and ``python -m mitsume``."""

import signal
import sys

from ._mitsume import run


def main() -> int:
    """Runs the program with the arguments of this process."""
    # The program handles Ctrl-C itself: the first one saves and stops.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return run(["mitsume", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
