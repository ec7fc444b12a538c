"""The processes and sockets of Wiretrail: command line, config, workers, keeper, API, viewer."""
