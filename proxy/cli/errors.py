"""Errors of the command line.

CommandError        the command could not do its work; exit code 1
└── UsageError      arguments that cannot be understood; exit code 2
"""


class CommandError(Exception):
    """The command could not do its work. The text is one line: what, where, what was expected."""

    exit_code = 1


class UsageError(CommandError):
    """Arguments that cannot be understood."""

    exit_code = 2
