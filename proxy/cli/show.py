"""Shows one activity in full: headers, bodies, timing, and where redaction cut.

ID may be shortened to what `wiretrail list` prints; without one the latest activity is shown."""

import argparse
import asyncio
import re
from typing import Any, Final

import msgspec

from proxy.cli import source
from proxy.cli.errors import CommandError, UsageError
from proxy.cli.terminal import columns_of, one_line, plain, say, say_json, styled
from proxy.cli.words import ARROWS, duration, outcome, outcome_style, size, status_style
from store.activity import Activity, Headers
from store.times import rfc3339

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
# Less than that spans more than a minute of activities.
_LEAST_DIGITS: Final = 8


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("id", nargs="?", metavar="ID", help="default: the latest activity")
    parser.add_argument("--json", action="store_true", help="print as the API gives it")
    source.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print one activity."""
    activity = asyncio.run(_find(args))
    if args.json:
        say_json(activity)
    else:
        for line in lines_of(activity):
            say(line)
    return 0


async def _find(args: argparse.Namespace) -> Activity:
    async with source.open_source(args) as opened:
        identifier = args.id
        if identifier is None:
            page = await source.collect(opened, {}, cursor=None, limit=1)
            if not page.items:
                raise CommandError("nothing is recorded yet")
            identifier = page.items[0].id
        elif not _UUID.fullmatch(identifier):
            identifier = await _completed(opened, identifier)
        activity = await opened.one(identifier)
    if activity is None:
        raise CommandError(f"there is no activity {identifier}")
    return activity


async def _completed(opened: source.Source, short: str) -> str:
    """The id that begins with `short`: its first 12 digits are the time of creation."""
    digits = short.replace("-", "").lower()
    if not re.fullmatch(r"[0-9a-f]+", digits) or len(digits) < _LEAST_DIGITS:
        raise UsageError(f"expected an id, or at least its first 8 digits, found {short}")
    first, last = (int(digits[:12].ljust(12, fill), 16) for fill in "0f")
    params = {"since": [rfc3339(first)], "until": [rfc3339(last + 1)]}
    found: list[str] = []
    cursor: str | None = None
    while len(found) < 2:
        page = await opened.page(params, cursor=cursor, limit=1000)
        found += [a.id for a in page.items if a.id.replace("-", "").startswith(digits)]
        cursor = page.next
        if cursor is None:
            break
    if not found:
        raise CommandError(f"there is no activity {short}")
    if len(found) > 1:
        raise UsageError(f"{short} fits several activities; give more of the id")
    return found[0]


def lines_of(activity: Activity) -> list[str]:
    """The whole activity as text."""
    lines = [*_headline(activity), "", *_facts(activity)]
    lines += _message("Request", activity.request_headers, activity.request_body,
                      activity.request_size, activity.request_truncated)  # fmt: skip
    lines += _message("Response", activity.response_headers, activity.response_body,
                      activity.response_size, activity.response_truncated)  # fmt: skip
    if activity.bodies_withheld:
        lines += ["", styled("this token does not show headers and bodies", "dim")]
    if activity.redaction_places:
        lines += ["", styled("Redacted", "bold")]
        lines += [f"  {one_line(': '.join(place))}" for place in activity.redaction_places]
    return lines


def _headline(activity: Activity) -> list[str]:
    status = styled(activity.status, *status_style(activity.status))
    answer = outcome(activity)
    words = [
        styled(f"{one_line(activity.method)} {one_line(activity.endpoint)}", "bold"),
        f"{ARROWS[activity.direction]} {activity.direction}  {status}  "
        f"{styled(answer, *outcome_style(answer)) if answer else ''}  "
        f"{duration(activity.response_time_ms)}".rstrip(),
    ]
    if activity.error_message:
        words.append(styled(one_line(activity.error_message), "red"))
    return words


def _facts(activity: Activity) -> list[str]:
    timing = activity.timing or {}
    parts = [f"{name} {duration(value)}" for name, value in timing.items() if value is not None]
    facts: dict[str, Any] = {
        "id": activity.id,
        "created": activity.created_at,
        "completed": activity.completed_at,
        "organization": f"{activity.organization} ({activity.organization_id})",
        "integration": f"{activity.integration} ({activity.integration_id})",
        "provider": activity.provider,
        "type": activity.activity_type,
        "timing": "  ".join(parts),
        "user": activity.user_id,
        "client": activity.ip_address,
        "user agent": activity.user_agent,
        "trace": activity.trace_id,
        "provider request": activity.provider_request_id,
        "replay of": activity.replay_of,
        "redactions": activity.redactions or None,
    }
    for name, value in (activity.metadata or {}).items():
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        facts[f"metadata.{name}"] = text
    shown = {one_line(name): one_line(str(value)) for name, value in facts.items() if value}
    width = max(map(columns_of, shown))
    return [f"{styled(name.ljust(width), 'dim')}  {value}" for name, value in shown.items()]


def _message(
    title: str, headers: Headers | None, body: msgspec.Raw | None, count: int, truncated: bool
) -> list[str]:
    if headers is None and body is None and not count:
        return []
    extent = size(count) + (", the first part is kept" if truncated else "")
    lines = ["", f"{styled(title, 'bold')}  {styled(extent, 'dim')}"]
    for name, values in (headers or {}).items():
        for value in [values] if isinstance(values, str) else values:
            lines.append(f"  {styled(one_line(name), 'cyan')}: {one_line(value)}")
    if body is not None and bytes(body) != b"null":
        lines += ["", *(f"  {line}" for line in _body_text(body).splitlines())]
    return lines


def _body_text(body: msgspec.Raw) -> str:
    """Text bodies as text, others as indented JSON."""
    value = msgspec.json.decode(body)
    text = value if isinstance(value, str) else msgspec.json.format(bytes(body), indent=2).decode()
    return plain(text)
