"""Runs a keeper; started by the supervisor."""

import sys

from proxy.keeper.process import main

if __name__ == "__main__":
    sys.exit(main())
