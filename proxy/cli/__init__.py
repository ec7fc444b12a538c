"""The command line: a file per command, imported only when that command runs.

Exit codes: 0 done, 1 it could not be done, 2 the arguments or settings cannot be understood.
"""
