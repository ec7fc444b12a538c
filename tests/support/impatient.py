"""`wiretrail up` with a supervisor that gives a silent keeper two seconds."""

import sys

from proxy.cli.main import build
from proxy.cli.settings import config_of
from proxy.supervisor import Patience, run

if __name__ == "__main__":
    _, parser = build("up")
    config = config_of(parser.parse_args(sys.argv[2:]))
    sys.exit(run(config, patience=Patience(stall=2.0)))
