"""Cuts of whole values because of the name that they stand under."""

import re

from store.redaction.json_trail import Place
from store.redaction.names import Kind, pieces_of
from store.redaction.work import Work


def cut_value(work: Work, name: bytes, value: bytes, place: Place) -> bytes:
    """Cut a whole value by its name; a scheme in front stays, and a credential scope behind."""
    scope = re.fullmatch(rb"([^/\s]{8,})(/\d{8}/[\w/.-]+)", value)
    if scope and name.lower().endswith(b"credential"):
        return work.cut(scope[1], place, rule_of(name)) + scope[2]
    schemed = re.fullmatch(
        rb"(?i)((?:bearer|basic|token|sha1=|sha256=|sha512=|v0=) ?)(\S.*)", value
    )
    if schemed and (schemed[1].endswith((b" ", b"="))):
        work.taint(value)
        return schemed[1] + work.cut(schemed[2], place, rule_of(name))
    return work.cut(value, place, rule_of(name))


def rule_of(name: bytes) -> str:
    """The rule that stands for a cut by name."""
    last = name.decode("utf-8", "replace").rpartition(".")[2][:60].lower()
    return f"name:{last}"


def describes(work: Work, key: bytes) -> bool:
    """Whether a key inside a secret's object describes the secret instead of holding it."""
    pieces = pieces_of(key)
    return bool(pieces) and (
        pieces[-1] in work.rules.names.neutral and work.names.kind(key) is Kind.PLAIN
    )
