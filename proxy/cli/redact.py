"""Shows what redaction cuts, or cuts stored rows anew.

With --explain an exchange is read from FILE or the standard input: an HTTP request as it goes
over the wire (request line, headers, empty line, body), or a body alone. Nothing is kept.

With --replay the rules of today are applied to rows that older rules have redacted; what was
cut stays cut. A running sidecar is to be stopped before."""

import argparse
import os
import re
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from proxy.cli import settings
from proxy.cli.errors import CommandError, UsageError
from proxy.cli.table import Column, say_table
from proxy.cli.terminal import note, one_line, plain, say, say_json, styled
from proxy.config import Config, data_folder
from store.activity import Direction
from store.capture import Capture, HeaderList, Phase
from store.identity import activity_id, organization_id
from store.redaction.exchange import RedactedExchange
from store.redaction.redactor import Redactor

_REQUEST_LINE: Final = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r?\n")
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)[^\n]*\n")
_LARGEST: Final = 16 << 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--explain", action="store_true", help="show what is cut, and why")
    action.add_argument("--replay", action="store_true", help="apply today's rules to stored rows")
    parser.add_argument(
        "--all",
        action="store_true",
        help="replay on every row: for rules of your own, which have no version",
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="default: standard input")
    parser.add_argument(
        "-H",
        "--header",
        metavar="NAME:VALUE",
        action="append",
        default=[],
        help="a header of the request; repeatable",
    )
    parser.add_argument("--url", default="https://example.com/", help="where the request goes")
    parser.add_argument("--method", default="POST", help="its method (default: POST)")
    parser.add_argument("--organization", metavar="NAME", help="whose rules apply")
    parser.add_argument("--json", action="store_true", help="print as JSON")
    settings.config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Explain or replay."""
    config = settings.config_of(args)
    if args.replay:
        from proxy.cli.replay import replay

        return replay(config, _key(config), everything=args.all, as_json=args.json)
    organization = args.organization or config.capture.organization
    capture = read_exchange(_content(args.file), args.method, args.url, _headers(args.header))
    redacted = Redactor(_key(config), config.redaction).redact(
        capture, organization_id(organization)
    )
    if args.json:
        say_json(_as_json(capture, redacted))
    else:
        _say(capture, redacted)
    return 0


def read_exchange(content: bytes, method: str, url: str, headers: HeaderList) -> Capture:
    """The exchange that a text stands for: a request or answer as on the wire, else a body.

    Raises:
        UsageError: the URL is none.
    """
    answer = _STATUS_LINE.match(content)
    line = _REQUEST_LINE.match(content)
    found: HeaderList = []
    body = content
    if first := line or answer:
        found, body = _head(content[first.end() :])
    if line is not None:
        method, target = line[1].decode(), line[2].decode("latin-1")
        host = next((v.decode("latin-1") for n, v in found if n.lower() == b"host"), "example.com")
        url = target if "://" in target else f"https://{host}{target}"
    try:
        parts = urlsplit(url)
        port = parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError('--url: expected a URL such as "https://api.example.com/v1/things"')
    request = ([], b"") if answer is not None else (headers + found, body)
    response = (found, body) if answer is not None else ([], b"")
    return Capture(
        id=activity_id(),
        phase=Phase.FINAL,
        direction=Direction.OUTGOING,
        listener="explain",
        method=method,
        scheme=parts.scheme,
        host=parts.hostname,
        port=port,
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        request_headers=request[0],
        request_body=request[1],
        request_size=len(request[1]),
        response_status=200 if answer is None else int(answer[1]),
        response_headers=response[0],
        response_body=response[1],
        response_size=len(response[1]),
        created_at=0,
        completed_at=0,
    )


def _head(content: bytes) -> tuple[HeaderList, bytes]:
    """Header fields, and what follows the empty line."""
    head, separator, body = content.partition(b"\r\n\r\n")
    if not separator:
        head, _, body = content.partition(b"\n\n")
    fields = [line.partition(b":") for line in head.splitlines() if b":" in line]
    return [(name.strip(), value.strip()) for name, _, value in fields], body


def _headers(texts: list[str]) -> HeaderList:
    found = []
    for text in texts:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise UsageError('-H: expected "Name: value"')
        found.append((name.strip().encode(), value.strip().encode()))
    return found


def _content(file: str | None) -> bytes:
    if file is None or file == "-":
        if sys.stdin.isatty():
            note("paste a request or a body, then Ctrl-D:")
        content = sys.stdin.buffer.read(_LARGEST + 1)
    else:
        try:
            with open(file, "rb") as opened:
                content = opened.read(_LARGEST + 1)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from None
    if len(content) > _LARGEST:
        raise CommandError(f"more than {_LARGEST >> 20} MB; expected one exchange")
    return content


def _key(config: Config) -> bytes:
    """This installation's key, so that marks equal those of stored rows; a new one where there
    is none yet."""
    file: Path = data_folder(config).redaction_key
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return os.urandom(32)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from None


def _as_json(capture: Capture, redacted: RedactedExchange) -> dict[str, object]:
    def raw(text: str | None) -> msgspec.Raw:
        return msgspec.Raw((text or "null").encode())

    return {
        "url": f"{capture.scheme}://{redacted.host}{redacted.path}{redacted.query}",
        "request_headers": raw(redacted.request_headers),
        "request_body": raw(redacted.request_body),
        "response_headers": raw(redacted.response_headers),
        "response_body": raw(redacted.response_body),
        "redactions": redacted.redactions,
        "cuts": [
            {"place": cut.place, "rule": cut.rule, "fingerprint": cut.fingerprint}
            for cut in redacted.cuts
        ],
        "rule_version": redacted.rule_version,
    }


def _say(capture: Capture, redacted: RedactedExchange) -> None:
    url = f"{capture.scheme}://{redacted.host}{redacted.path}{redacted.query}"
    say(styled(one_line(f"{capture.method} {url}"), "bold"))
    for headers, body in (
        (redacted.request_headers, redacted.request_body),
        (redacted.response_headers, redacted.response_body),
    ):
        for text in (headers, body):
            if text not in (None, "{}", "null"):
                say(plain(msgspec.json.format(str(text), indent=2)))
    say()
    if not redacted.cuts:
        say("Nothing is cut.")
        return
    say_table(
        [
            Column(title="CUT", least=20, style=lambda _: ("cyan",)),
            Column(title="RULE", least=12),
            Column(title="MARK"),
        ],
        [[cut.place, cut.rule, cut.fingerprint] for cut in redacted.cuts],
    )
