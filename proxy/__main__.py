"""Entry of the command line: `python -m proxy` in the source tree, `wiretrail` when installed."""

import os
import sys

# The folders import each other by name (`from store.activity import ...`), wherever they lie.
# Only this file and addons/record.py touch the path.
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if sys.path[:1] != [_ROOT]:
    sys.path.insert(0, _ROOT)


def main() -> int:
    """Run the command that the arguments name; returns the exit code."""
    try:
        from proxy.cli.main import main

        return main(sys.argv[1:])
    except KeyboardInterrupt:  # while modules are read, before the command looks after it
        return 130


if __name__ == "__main__":
    sys.exit(main())
