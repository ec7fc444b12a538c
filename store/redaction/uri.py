"""Secrets in URLs: path pieces by provider templates and by what stands before them, matrix
parameters, queries and fragments (RFC 3986)."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from store.redaction import encoded, forms, logins, patterns, shapes
from store.redaction.json_trail import Place, shown
from store.redaction.names import Kind
from store.redaction.values import is_nothing, is_random, is_uuid
from store.redaction.work import MARK, Work

_ADDRESS: Final = re.compile(
    rb"""(?<![\w.@-])([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}+)(?::\d{1,5})?+(/[^\s"'<>?#\\]*+)"""
)
_QUERY: Final = re.compile(rb"""\?([\w.\-\[\]%~$]{1,100}=[^\s"'<>#]*+)""")
_FRAGMENT: Final = re.compile(rb"""#(/?[\w.\-/]{0,80}\??[\w.\-]{1,60}=[^\s"'<>#]*+)""")
_PATH: Final = re.compile(
    rb"""(?<![\w/:<])/[\w.~%@:+=;-]{1,200}(?:/[\w.~%@:+=;!$*,-]{0,2000}){1,40}"""
)
_KEY: Final = re.compile(rb"(://[^\s\"'<>#]{1,2000}#)([A-Za-z0-9_-]{20,200})(?![\w/=%.])")
_ANCHOR: Final = re.compile(rb"[A-Za-z]{1,20}[-_]|L\d")
_VERSION: Final = re.compile(rb"[0-9a-f]{32}")
_TRAILING: Final = b").,;]}"
_WORD: Final = re.compile(
    rb"[a-z]{1,20}(?:[-_.][a-z]{1,20}){0,4}|v\d{1,3}|\d{1,12}|\{[\w-]+\}|:[\w-]+|\*+"
)
_PREFIXED: Final = re.compile(rb"[a-z]{2,6}_[A-Za-z0-9]+")
_LETTERS: Final = re.compile(rb"[a-z]{22,64}")
"""Longer than words are."""
_LEAST: Final = 12
_REACH: Final = 2

type Marked = tuple[bytes, bool | None, int]
_UNMARKED: Final[Marked] = (b"", None, 0)


def redact_path(work: Work, host: bytes, path: bytes, place: Place) -> bytes:
    """The path of a URL on `host` without its secrets."""
    path = _by_template(work, host.lower().partition(b":")[0], path, place)
    pieces = path.split(b"/")
    marked = _UNMARKED
    for index, piece in enumerate(pieces):
        if piece:
            marker = work.rules.markers.get(piece.lower())
            pieces[index] = _piece(work, marked, piece, place)
            # A user's number or id may stand between the marker and its secret.
            marked = (piece, marker, 1) if marker is not None else (*marked[:2], marked[2] + 1)
    path = b"/".join(pieces)
    return _scan(work, path, place)


def redact_query(work: Work, query: bytes, place: Place) -> bytes:
    """A query without its `?`."""
    return forms.redact_form(work, query, place) if query else query


def cut_urls(work: Work, value: bytes, place: Place) -> bytes:
    """URLs in running text: templates, markers, queries and fragments."""
    value = _ADDRESS.sub(
        lambda m: m[0][: m.start(2) - m.start()] + _inner_path(work, m[1], m[2], place), value
    )
    value = _PATH.sub(lambda match: _inner_path(work, b"", match[0], place), value)
    if b"?" in value and b"=" in value:
        value = _QUERY.sub(lambda match: b"?" + _inner_form(work, match[1], place), value)
    if b"#" in value and b"=" in value:
        value = _FRAGMENT.sub(lambda match: b"#" + _fragment(work, match[1], place), value)
    if b"#" in value:
        value = _KEY.sub(lambda match: match[1] + _key(work, match[2], place), value)
    return value


def _inner_path(work: Work, host: bytes, path: bytes, place: Place) -> bytes:
    # `Endpoint=sb://bus.example.com/;SharedAccessKey=...` is no path.
    path, rest = (path[:1], path[1:]) if path.startswith(b"/;") else (path, b"")
    if rest:
        return path + rest
    kept = path if MARK.search(path) else path.rstrip(_TRAILING)
    return redact_path(work, host, kept, place) + path[len(kept) :]


def _inner_form(work: Work, form: bytes, place: Place) -> bytes:
    if MARK.search(form) is None:
        kept = form if form.endswith(b"}}") and b"{{" in form else form.rstrip(_TRAILING)
        return forms.redact_form(work, kept, place) + form[len(kept) :]
    return forms.redact_form(work, form, place)


def _fragment(work: Work, fragment: bytes, place: Place) -> bytes:
    route, question, form = fragment.rpartition(b"?")
    return route + question + _inner_form(work, form, place)


def _key(work: Work, fragment: bytes, place: Place) -> bytes:
    """A fragment that is nothing but a key, which browsers never send: what the link shares is
    encrypted with it."""
    mixed = (
        any(48 <= byte < 58 for byte in fragment)
        and not fragment.islower()
        and not fragment.isupper()
        and _ANCHOR.match(fragment) is None
    )
    wanted = mixed and is_random(fragment, 20)
    return work.cut(fragment, place, "fragment") if wanted else fragment


def _by_template(work: Work, host: bytes, path: bytes, place: Place) -> bytes:
    for pattern in _patterns(work.rules.templates, host):
        match = pattern.match(path)
        if match is None:
            continue
        out: list[bytes] = []
        end = 0
        for group in range(1, (match.lastindex or 0) + 1):
            secret = match[group]
            if is_nothing(secret) or secret in (b"silent", b"test", b"enqueue"):
                continue
            out += (path[end : match.start(group)], work.cut(secret, place, "path template"))
            end = match.end(group)
        path = b"".join((*out, path[end:]))
    return path


@lru_cache(maxsize=2_000)
def _patterns(templates: tuple[tuple[str, str], ...], host: bytes) -> tuple[re.Pattern[bytes], ...]:
    name = host.decode("latin-1")
    return tuple(
        _path_pattern(path) for pattern, path in templates if _host_pattern(pattern).fullmatch(name)
    )


@lru_cache(maxsize=4_000)
def _host_pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", r".*") if pattern != "*" else ".*")


@lru_cache(maxsize=4_000)
def _path_pattern(path: str) -> re.Pattern[bytes]:
    # Empty pieces count for nothing: many servers see `//` as `/`.
    escaped = re.escape("/" + path).replace("/", "/+")
    escaped = escaped.replace(r"\*", "[^/]+").replace(r"\{\}", r"([^/?\#;]+)")
    return re.compile(escaped.encode(), re.IGNORECASE)


def _piece(work: Work, marked: Marked, piece: bytes, place: Place) -> bytes:
    """One piece of a path; `marked` is the last marker in front of it, and how far it is."""
    if b";" in piece or b"=" in piece:
        return _matrix(work, piece, place)
    before, marker, distance = marked
    if marker is None or distance > _REACH or _WORD.fullmatch(piece) or MARK.search(piece):
        return piece
    plain = unquote_to_bytes(piece)
    if is_uuid(plain):
        wanted = marker
    else:
        # `/secrets/NAME/VERSION` names one.
        version = distance > 1 and before.lower() == b"secrets" and _VERSION.fullmatch(plain)
        resource = before.endswith(b"s") and _PREFIXED.fullmatch(plain) is not None
        wanted = not resource and (
            (is_random(plain, _LEAST if marker and distance == 1 else 20) and not version)
            or (distance == 1 and _LETTERS.fullmatch(plain) is not None)
        )
    if not wanted:
        return piece
    work.taint(plain)
    return work.cut(piece, place, f"path after {before.decode('latin-1')[:30].lower()}")


def _matrix(work: Work, piece: bytes, place: Place) -> bytes:
    """Matrix parameters: `/report;jsessionid=...;page=2`, and pieces like `token=...`."""
    parts = piece.split(b";")
    for index, part in enumerate(parts):
        name, equals, value = part.partition(b"=")
        if equals and value:
            kind = work.names.kind(name)
            plain = unquote_to_bytes(value)
            if kind is not Kind.PLAIN and work.is_secret(kind, plain):
                if plain != value:
                    work.taint(plain)
                where = f"{shown(place)};{name.decode('latin-1')[:40]}"
                parts[index] = (
                    name
                    + b"="
                    + work.cut(value, where, "name:" + name.decode("latin-1")[:40].lower())
                )
    return b";".join(parts)


def _scan(work: Work, path: bytes, place: Place) -> bytes:
    """What running text is scanned for, as far as it makes sense for a path."""
    if work.rules.suspicion.found(path):
        path = logins.cut_userinfo(work, path, place)
        path = shapes.cut_shapes(work, path, place)
        path = patterns.cut_numbers(work, path, place)
        path = encoded.cut_base64(work, path, place)
    if b"%" not in path:
        return path
    return b"/".join(
        encoded.cut_coded(work, piece, place) if b"%" in piece else piece
        for piece in path.split(b"/")
    )
