"""Redacts captures: the one step between what a worker saw and what a row may hold."""

import json
import logging
from typing import Any, Final
from uuid import UUID

import msgspec

from store.activity import JsonText
from store.capture import Capture, Phase, Stream
from store.content import JSON_BEGINS, is_json
from store.identity import organization_id
from store.redaction import bodies, uri
from store.redaction.exchange import RedactedExchange
from store.redaction.fingerprints import Marker
from store.redaction.headers import HeaderNames, Headers, redact_headers
from store.redaction.labels import is_label_file
from store.redaction.options import RedactionOptions
from store.redaction.rules import Rules, build_rules
from store.redaction.taint import Taint
from store.redaction.text import redact_text
from store.redaction.work import RuleSet, TooMuch, Work

_log: Final = logging.getLogger(__name__)
_MOST_MARKERS: Final = 10_000
_BODIES: Final = ("request_body", "response_body", "stream_messages", "metadata")
_NOTHING: Final = {
    "query": "",
    "request_headers": None,
    "request_body": None,
    "response_headers": None,
    "response_body": None,
    "error_message": None,
    "user_agent": None,
    "stream_messages": None,
    "metadata": None,
}
_WITHHELD: Final = "[REDACTED]"


class _Known:
    """Rules, and what is remembered about names under them; all organizations without additions
    of their own share one."""

    def __init__(self, rules: Rules) -> None:
        self.rule_set = RuleSet(rules)
        self.headers = HeaderNames(self.rule_set)


class Redactor:
    """Redacts captures with one set of rules. Use one from one thread."""

    def __init__(self, key: bytes, options: RedactionOptions) -> None:
        """`key` is the installation's secret for marks, at least 16 bytes.

        Raises:
            RuleError: the options hold a rule that cannot be used.
        """
        self._key = key
        self._known = _Known(build_rules(options))
        if options.disabled_rules:
            _log.warning(
                "default redaction rules are disabled: %s", ", ".join(options.disabled_rules)
            )
        self._own: dict[UUID, _Known] = {
            organization_id(name): _Known(build_rules(options, additions.names, additions.patterns))
            for name, additions in options.organizations.items()
        }
        self._markers: dict[UUID, Marker] = {}

    @property
    def rule_version(self) -> int:
        """The version of the shipped rules."""
        return self._known.rule_set.rules.version

    def redact(
        self, capture: Capture, organization: UUID, metadata: JsonText | None = None
    ) -> RedactedExchange:
        """The parts of `capture` that may be kept, and of what a service told beside it (a JSON
        object). Never raises because of its content."""
        work, known = self.begin(organization)
        return _Exchange(work, known).redact(capture, metadata)

    def begin(self, organization: UUID) -> tuple[Work, HeaderNames]:
        """A fresh piece of work under the rules of an organization."""
        known = self._own.get(organization, self._known)
        marker = self._markers.get(organization)
        if marker is None:
            if len(self._markers) >= _MOST_MARKERS:
                self._markers.clear()
            marker = self._markers[organization] = Marker(self._key, organization)
        return Work(known.rule_set, marker, redact_text), known.headers


def _messages_cut(capture: Capture, stream: Stream) -> tuple[bool, bool]:
    """Whether less than all of the messages of client and server is kept."""
    kept = [0, 0]
    for message in stream.kept:
        kept[not message.from_client] += len(message.content)
    return capture.request_size > kept[0], capture.response_size > kept[1]


def _documents(capture: Capture) -> tuple[bytes, ...]:
    """The bodies that may be JSON."""
    request, response = capture.request_body, capture.response_body
    if request[:1] in JSON_BEGINS:
        return (request, response) if response[:1] in JSON_BEGINS else (request,)
    return (response,) if response[:1] in JSON_BEGINS else ()


class _Exchange:
    """One capture on its way."""

    def __init__(self, work: Work, known: HeaderNames) -> None:
        self._work = work
        self._known = known
        self._odd_address = True
        self._odd_values = True
        """Whether values of headers may hold what their names do not tell."""
        self._values: list[bytes] = []
        self._known_taint: tuple[int, Taint] | None = None

    def redact(self, capture: Capture, metadata: JsonText | None) -> RedactedExchange:
        parts: dict[str, Any] = dict(_NOTHING)
        request = self._known.of(capture.request_headers + capture.request_trailers)
        response = self._known.of(capture.response_headers + capture.response_trailers)
        host = capture.host.encode("utf-8", "replace")
        target = capture.target.encode("utf-8", "surrogateescape")
        started = capture.phase is Phase.STARTED
        self._values = request.looked_through + response.looked_through
        self._look(host + target, capture, started)
        self._address(host, target, parts, started)
        truncated = (capture.request_size > len(capture.request_body), False)
        if not started:
            truncated = self._messages(capture, request, response, parts)
            if metadata is not None:
                parts["metadata"] = bodies.redact_told(self._work, metadata, "metadata")
        else:
            self._learn(request, target.partition(b"?")[2])
        taint = self._taint()
        if taint is not None and taint.hits(value for value in parts.values() if value):
            _clean(parts, taint)
        return self._finished(parts, truncated, taint)

    def _look(self, address: bytes, capture: Capture, started: bool) -> None:
        """Find out whether address and headers need a closer look. Mostly nothing does, bodies
        included, and one look at all together tells so."""
        work = self._work
        looked_at = () if started else _documents(capture)
        values = self._known.unknown(self._values)
        if work.is_clean(b"\n".join((address, *values, *looked_at))):
            work.clean = looked_at
            self._odd_address = self._odd_values = False
        else:
            self._odd_address = not work.is_clean(address)
            self._odd_values = not work.is_clean(b"\n".join(values))
        if values and not self._odd_values:
            self._known.found_clean(values)

    def _address(self, host: bytes, target: bytes, parts: dict[str, Any], started: bool) -> None:
        path, question, query = target.partition(b"?")
        if not self._odd_address:
            parts["host"] = host.decode()
            parts["path"] = path.decode("utf-8", "replace")
            if question and not started:
                parts["query"] = "?" + query.decode("utf-8", "replace")
            return
        parts["host"] = self._plain(host, "host")
        parts["path"] = self._guarded(lambda: uri.redact_path(self._work, host, path, "path"))
        if question and not started:
            parts["query"] = "?" + self._guarded(
                lambda: uri.redact_query(self._work, query, "query")
            )

    def _learn(self, request: Headers, query: bytes) -> None:
        """What headers and query give away. A `started` row keeps nothing of them, but host, path
        and the names that it has may say the same."""
        kept = len(self._work.cuts)
        self._headers(request, "request.headers")
        if self._odd_address and query:
            self._guarded(lambda: uri.redact_query(self._work, query, "query"))
        del self._work.cuts[kept:]

    def _messages(
        self, capture: Capture, request: Headers, response: Headers, parts: dict[str, Any]
    ) -> tuple[bool, bool]:
        """Headers, bodies, stream and error; whether request and answer are truncated."""
        work = self._work
        parts["request_headers"], agent = self._headers(request, "request.headers")
        parts["user_agent"] = None if agent is None else agent.decode("utf-8", "replace")
        parts["request_body"], request_truncated = bodies.redact_body(
            work, request.fields, capture.request_body, capture.request_size, "request.body"
        )
        response_truncated = False
        if capture.response_status is not None:
            parts["response_headers"], _ = self._headers(response, "response.headers")
            work.labels = capture.method == "GET" and is_label_file(capture.target)
            parts["response_body"], response_truncated = bodies.redact_body(
                work, response.fields, capture.response_body, capture.response_size, "response.body"
            )
            work.labels = False
        if capture.error_message is not None:
            message = capture.error_message.encode("utf-8", "replace")
            parts["error_message"] = self._plain(message, "error_message")
        if capture.stream is not None:
            parts["stream_messages"] = bodies.redact_stream(work, capture.stream)
            if capture.stream.kind == "websocket":
                return _messages_cut(capture, capture.stream)
        return request_truncated, response_truncated

    def _headers(self, headers: Headers, place: str) -> tuple[str, bytes | None]:
        try:
            return redact_headers(self._work, headers, place, suspicious=self._odd_values)
        except (TooMuch, RecursionError):
            names = dict.fromkeys((self._name(name) for name, _ in headers.fields), _WITHHELD)
            return msgspec.json.encode(names).decode(), None

    def _name(self, name: bytes) -> str:
        """The name of a header whose value is withheld: no time is left to look into it."""
        suspect = self._work.rules.any_shape.found(name)
        return _WITHHELD if suspect else name.decode("latin-1")

    def _plain(self, value: bytes, place: str) -> str:
        return self._guarded(lambda: self._work.text(value, place))

    def _guarded(self, redact: Any) -> str:
        try:
            clean: bytes = redact()
        except (TooMuch, RecursionError):
            return _WITHHELD
        return clean.decode("utf-8", "replace")

    def _finished(
        self, parts: dict[str, Any], truncated: tuple[bool, bool], taint: Taint | None
    ) -> RedactedExchange:
        cuts = self._work.cuts
        places = msgspec.json.encode([(cut.place, cut.rule) for cut in cuts]).decode()
        if taint is not None:
            places = taint.cut(places)
        return RedactedExchange(
            **parts,
            request_truncated=truncated[0],
            response_truncated=truncated[1],
            redactions=len(cuts),
            cuts=list(cuts),
            places=places,
            rule_version=self._work.rules.version,
            scrub=self._scrub,
        )

    def _scrub(self, value: str) -> str:
        raw = value.encode("utf-8", "replace")
        looked_at = not self._odd_values and raw in self._values
        clean = value if looked_at else self._plain(raw, "other")
        taint = self._taint()
        return clean if taint is None else taint.cut(clean)

    def _taint(self) -> Taint | None:
        """The secrets found so far; made anew when there are more."""
        count = len(self._work.secrets)
        if not count:
            return None
        if self._known_taint is None or self._known_taint[0] != count:
            self._known_taint = count, Taint(self._work.secrets)
        return self._known_taint[1]


def _clean(parts: dict[str, Any], taint: Taint) -> None:
    """Cut the exchange's secrets out of every part that holds one."""
    for name, value in parts.items():
        if not value:
            continue
        if name in _BODIES or name.endswith("headers"):
            parts[name] = _clean_json(value, taint)
        else:
            parts[name] = taint.cut(value)


def _clean_json(value: str, taint: Taint) -> str:
    clean = taint.cut(value, keys_stay=True)
    if clean == value or is_json(clean.encode("utf-8", "replace")):
        return clean
    # A number was cut: only the value as a string can hold a mark.
    return json.dumps(clean, ensure_ascii=False)
