"""Redacts captures: the one step between what a worker saw and what a row may hold."""

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote, unquote, unquote_plus
from uuid import UUID

from store.activity import JsonText
from store.capture import Capture, HeaderList, Phase
from store.redaction.exchange import Cut, RedactedExchange
from store.redaction.fingerprints import Marker
from store.redaction.options import RedactionOptions

_NAME: Final = re.compile(
    r"(?i)passw|pwd|secret|token(?!iz)|api.?key|credential|signature|authoriz(?!ed_by)|cookie"
    r"|session|private.?key|access.?key|(?:^|[_-])(?:sig|auth|otp|pin|cvv|cvc)(?:$|[_-])"
)
_KEEP: Final = re.compile(r"(?i)_(?:type|id|name|required|count|expires\w*)$|^expires|tokens$")
_SHAPE: Final = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|gh[opsur]_\w{16,}|xox\w-[\w-]{8,}|A[KS]IA[0-9A-Z]{16}"
    r"|sk_(?:live|test)_\w{8,}|-----BEGIN [A-Z ]+-----[^-]*(?:-----END [A-Z ]+-----)?"
    r"|(?<=://)[^/\s:@]{0,200}:[^/\s@]{1,200}(?=@)|\b(?:Bearer|Basic) [\w.~+/=-]{6,}"
)
_PAIR: Final = re.compile(r"([\w.-]{2,64})([\"']?\s{0,4}[=:]\s{0,4}[\"']?)([^\s\"'&,;<>]+)")


class Redactor:
    """Redacts captures with one set of rules. Safe to use from several threads."""

    def __init__(self, key: bytes, options: RedactionOptions) -> None:
        self._key = key
        self._options = options

    def redact(self, capture: Capture, organization: UUID) -> RedactedExchange:
        """The parts of `capture` that may be kept. Never raises because of its content."""
        return _Pass(Marker(self._key, organization)).run(capture)


class _Pass:
    """One capture on its way."""

    def __init__(self, marker: Marker) -> None:
        self._marker = marker
        self._cuts: list[Cut] = []
        self._secrets: set[str] = set()

    def run(self, capture: Capture) -> RedactedExchange:
        path, _, query = capture.target.partition("?")
        started = capture.phase is Phase.STARTED
        values: dict[str, Any] = {
            "path": self._text(path, "path"),
            "query": "" if started or not query else "?" + self._form(query, "query"),
            "host": capture.host,
            "request_headers": None
            if started
            else self._headers(capture.request_headers, "request.headers"),
            "request_body": None
            if started
            else self._body(capture.request_headers, capture.request_body, "request.body"),
            "response_headers": None
            if started or capture.response_status is None
            else self._headers(capture.response_headers, "response.headers"),
            "response_body": None
            if started
            else self._body(capture.response_headers, capture.response_body, "response.body"),
            "error_message": None
            if started or capture.error_message is None
            else self._text(capture.error_message, "error_message"),
        }
        agent = next((v for n, v in capture.request_headers if n.lower() == b"user-agent"), None)
        values["user_agent"] = None if started or agent is None else agent.decode("latin-1")
        for name, value in values.items():
            if isinstance(value, str):
                values[name] = self._taint(value)
        return RedactedExchange(
            **values,
            request_truncated=capture.request_size > len(capture.request_body),
            response_truncated=capture.response_size > len(capture.response_body),
            stream_messages=None,
            redactions=len(self._cuts),
            cuts=self._cuts,
            places=json.dumps([[cut.place, cut.rule] for cut in self._cuts]),
            rule_version=1,
            scrub=lambda text: self._taint(self._text(text, "other")),
        )

    def _cut(self, value: str, place: str, rule: str) -> str:
        if value.startswith("[REDACTED") or not value:
            return value
        self._secrets.update((value, unquote(value)))
        fingerprint = self._marker.fingerprint(value.encode("utf-8", "surrogatepass"))
        self._cuts.append(Cut(place, rule, fingerprint))
        return f"[REDACTED:{fingerprint}]"

    def _secret(self, name: str) -> bool:
        return bool(_NAME.search(name)) and not _KEEP.search(name)

    def _headers(self, headers: HeaderList, place: str) -> JsonText:
        folded: dict[str, list[str]] = {}
        spelling: dict[str, str] = {}
        for raw_name, raw_value in headers:
            name = raw_name.decode("latin-1")
            value = raw_value.decode("latin-1")
            if name.lower() in ("cookie", "set-cookie"):
                value = "; ".join(
                    f"{k}={self._cut(v, place, 'cookie')}" if eq else k
                    for k, eq, v in (part.strip().partition("=") for part in value.split(";"))
                )
            elif self._secret(name):
                scheme, space, rest = value.partition(" ")
                value = (
                    f"{scheme} {self._cut(rest, place, 'header')}"
                    if space
                    else self._cut(value, place, "header")
                )
            else:
                value = self._text(value, place)
            first = spelling.setdefault(name.lower(), name)
            folded.setdefault(first, []).append(value)
        return json.dumps(
            {n: v[0] if len(v) == 1 else v for n, v in folded.items()}, ensure_ascii=False
        )

    def _form(self, query: str, place: str) -> str:
        parts = []
        for part in query.split("&"):
            name, equals, value = part.partition("=")
            plain = unquote_plus(value)
            if equals and (self._secret(unquote_plus(name)) or name == "code"):
                part = f"{name}={self._cut(plain, f'{place}.{name}', 'name')}"
            elif (clean := self._text(plain, place)) != plain:
                part = f"{name}={quote(clean, safe='[]:')}"
            parts.append(part)
        return "&".join(parts)

    def _text(self, text: str, place: str) -> str:
        text = _SHAPE.sub(lambda m: self._cut(m[0], place, "shape"), text)
        return _PAIR.sub(
            lambda m: (
                f"{m[1]}{m[2]}{self._cut(m[3], place, 'name')}" if self._secret(m[1]) else m[0]
            ),
            text,
        )

    def _body(self, headers: HeaderList, body: bytes, place: str) -> JsonText | None:
        if not body:
            return None
        kinds = {n.lower(): v.decode("latin-1") for n, v in headers}
        if kinds.get(b"content-encoding") == "gzip" and body.startswith(b"\x1f\x8b"):
            body = zlib.decompressobj(31).decompress(body, 1 << 20)
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError:
            digest = hashlib.sha256(body).hexdigest()
            kind = kinds.get(b"content-type", "application/octet-stream").partition(";")[0]
            return json.dumps({"binary": kind, "size": len(body), "sha256": digest})
        try:
            value = json.loads(text, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError):
            form = "x-www-form-urlencoded" in kinds.get(b"content-type", "")
            return json.dumps(self._form(text, place) if form else self._text(text, place))
        return json.dumps(self._value(value, place, False), ensure_ascii=False)

    def _value(self, value: Any, place: str, secret: bool) -> Any:
        if isinstance(value, _Pairs):
            return _Pairs(
                (key, self._value(item, f"{place}.{key}", secret or self._secret(key)))
                for key, item in value.pairs
            )
        if isinstance(value, list):
            return [self._value(item, place, secret) for item in value]
        if isinstance(value, str):
            return self._cut(value, place, "name") if secret else self._text(value, place)
        return value

    def _taint(self, text: str) -> str:
        for secret in self._secrets:
            if len(secret) < 6:
                continue
            for form in (
                secret,
                quote(secret, safe=""),
                base64.b64encode(secret.encode()).decode(),
            ):
                if form in text:
                    text = text.replace(form, self._marker.mark(secret.encode()))
        return text


class _Pairs(dict[str, Any]):
    """A JSON object with its keys in order, repeated ones included."""

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        self.pairs = list(pairs)
        super().__init__(self.pairs)

    def items(self) -> Any:
        return self.pairs
