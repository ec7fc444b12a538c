"""A small past with every kind of row, and what filters mean, told a second time in Python."""

import json
import random
from fnmatch import translate
from re import fullmatch
from typing import Any

from store.activity import ActivityRow, ActivityType, Direction, Status
from store.filters import ActivityFilter, Condition
from store.scope import Scope
from store.times import uuid_text
from tests.store.contract.conftest import HOUR, NOW
from tests.support.rows import row

TYPES = (ActivityType.API_CALL, ActivityType.DEVICE_CREATE, ActivityType.WEBHOOK_RECEIVED)
ENDINGS = (
    (Status.SUCCESS, 200, None),
    (Status.SUCCESS, 204, None),
    (Status.FAILED, 404, None),
    (Status.FAILED, 503, None),
    (Status.FAILED, 200, None),
    (Status.ERROR, None, "dns"),
    (Status.ERROR, 500, "reset"),
    (Status.TIMEOUT, None, "upstream_timeout"),
    (Status.STARTED, None, None),
)
PATHS = (
    "/v1/things/7",
    "/v1/things/8",
    "/api/auth.test",
    "/[odd]?",
    "*",
    "https://other.test/auth",
)
METADATA = (
    None,
    '{"listener":"forward","user":"bob","job":17,"durable":true}',
    '{"listener":"forward","user":"bob *","job":"17","ratio":0.5}',
    '{"a \\"b\\"":"Größe:1","stream":{"count":1,"messages":["hidden"]},"user":null}',
)


def past(count: int, hours: int, seed: int = 1) -> list[ActivityRow]:
    """Rows over some hours up to `NOW`, in no order."""
    choose = random.Random(seed)
    return [_row(choose, NOW - choose.randrange(hours * HOUR)) for _ in range(count)]


def _row(choose: random.Random, created: int) -> ActivityRow:
    status, answer, error = choose.choice(ENDINGS)
    host = choose.choice(("api.example.com", "slack.com", "iot.aws.test"))
    path = choose.choice(PATHS)
    started = status is Status.STARTED
    return row(
        choose.choice(("acme", "globex")),
        choose.choice(("slack", "stripe", "rare")),
        created_at=created,
        status=status,
        provider=choose.choice(("slack", None)),
        direction=choose.choice(tuple(Direction)),
        activity_type=choose.choice(TYPES),
        method=choose.choice(("GET", "POST")),
        origin=f"https://{host}",
        host=host,
        path=path,
        path_template="/v1/things/{id}" if "things" in path else path,
        query=choose.choice(("", "?a=1")),
        response_status=answer,
        error_code=error,
        error_message="Host unreachable: 100% sure_" if error == "dns" else None,
        response_time_ms=None if started else choose.choice((0.4, 7.0, 250.5, 61_000.0)),
        user_id=choose.choice((None, "u-1", "u-2")),
        ip_address=choose.choice((None, "10.0.0.1", "10.0.1.1")),
        user_agent=choose.choice((None, "curl/8.0", "axios/1")),
        metadata=choose.choice(METADATA),
        trace_id=choose.choice((None, "ab" * 16)),
        response_body=None if started else choose.choice(('{"ok":true}', '"Größe \\"x\\""')),
    )


def matches(where: ActivityFilter, found: ActivityRow, scope: Scope) -> bool:
    """Whether a row is what a filter asks for."""
    if where.since is not None and found.created_at < where.since:
        return False
    if where.until is not None and found.created_at >= where.until:
        return False
    took = found.response_time_ms
    if where.min_ms is not None and (took is None or took < where.min_ms):
        return False
    if where.max_ms is not None and (took is None or took > where.max_ms):
        return False
    texts = _texts(found, scope)
    return (
        all(_holds(condition, found, scope) != condition.negated for condition in where.conditions)
        and all(any(word.lower() in text for text in texts) for word in where.words)
        and not any(word.lower() in text for word in where.without for text in texts)
    )


def _texts(found: ActivityRow, scope: Scope) -> list[str]:
    texts = [_endpoint(found), found.error_code, found.error_message]
    if scope.bodies:
        texts += [found.request_headers, found.request_body]
        texts += [found.response_headers, found.response_body]
    return [text.lower() for text in texts if text]


def _holds(condition: Condition, found: ActivityRow, scope: Scope) -> bool:
    column = condition.column
    if column == "metadata":
        told = _metadata(found, scope)
        return any(_tells(told, *value.partition(":")) for value in condition.values)
    if column == "user_id":
        # Of services that tell both, the one that is no note.
        user = found.user_id or _metadata(found, scope).get("user")
        return user in condition.values
    if column == "response_status":
        answer = found.response_status
        return any(
            answer is None if value == "none" else str(answer).startswith(value.rstrip("x"))
            for value in condition.values
        )
    if column == "endpoint":
        value: str | None = _endpoint(found)
    elif column.endswith("_id") and isinstance(getattr(found, column), bytes):
        value = uuid_text(getattr(found, column))
    else:
        value = getattr(found, column)
    if value is None:
        return False
    if column not in ("host", "path", "endpoint", "ip_address", "user_agent"):
        return value in condition.values
    return any(_like(value, pattern) for pattern in condition.values)


def _endpoint(found: ActivityRow) -> str:
    if found.path == "*":
        return found.origin + found.query
    return ("" if "://" in found.path else found.origin) + found.path + found.query


def _like(value: str, pattern: str) -> bool:
    # In our patterns only `*` is special, in these `?` and `[` are too.
    return bool(fullmatch(translate(pattern.replace("[", "[[]").replace("?", "[?]")), value))


def _metadata(found: ActivityRow, scope: Scope) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(found.metadata or "{}")
    if not scope.bodies and "stream" in told:
        del told["stream"]["messages"]
    return told


def _tells(told: dict[str, Any], key: str, colon: str, value: str) -> bool:
    if key not in told or not colon:
        return key in told
    given = told[key]
    text = given if isinstance(given, str) else json.dumps(given, separators=(",", ":"))
    return _like(text, value)
