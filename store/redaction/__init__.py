"""Redaction: captures become exchanges that may be kept.

Nothing here reads or writes a file except the rules that ship beside the code.
"""
