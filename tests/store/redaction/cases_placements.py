"""The credentials of every provider in places that are not a JSON string under a plain name."""

import base64
import json
from collections.abc import Callable, Iterator
from urllib.parse import quote

from tests.store.redaction.cases_shapes import SHAPES
from tests.store.redaction.corpus import Case, form_case, json_case, text_case, url_case
from tests.store.redaction.fakes import ALNUM, HEX, URLSAFE, draw, hexes, word

WHY = "known by its shape, wherever it stands"

MORE: dict[str, str] = {
    "airtable_legacy": word("ke", "y") + "7a" + draw(12, ALNUM, "at"),
    "linkedin": word("AQ", "X") + draw(110, URLSAFE, "li"),
    "azure_devops": draw(52, ALNUM, "az") + word("AZ", "DO") + draw(4),
    "intercom": word("dG9", "rO") + draw(40, ALNUM, "ic"),
    "ably": "aB3dEf.GhIjKl:" + draw(32, ALNUM, "ab"),
    "maxmind": draw(6, ALNUM, "mm") + "_" + draw(29, ALNUM, "mx") + "_mmk",
    "wiretrail": word("wire", "trail_") + "a1b2c3d4_" + hexes(40, "wt"),
    "digitalocean_spaces": "DO00" + draw(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "do"),
    "github_app": word("gh", "s_") + draw(36, ALNUM, "ga"),
    "openai_project": word("sk-", "proj-") + draw(48, URLSAFE, "op"),
    "anthropic": word("sk-", "ant-api03-") + draw(93, URLSAFE, "an"),
    "cohere": word("co", "_") + draw(40, ALNUM, "co"),
    "slack_hook_url": "https://hooks.slack.com/services/T000/B000/" + draw(24, ALNUM, "sh"),
    "aws_session": word("IQoJ", "b3JpZ2lu") + draw(120, ALNUM, "as"),
    "golioth_psk_uri": "coaps://ann-id:" + draw(24, ALNUM, "gp") + "@coap.golioth.io",
    "sentry_dsn": "https://" + hexes(32, "sd") + ":" + hexes(32, "se") + "@o1.ingest.sentry.io/1",
    "postgres_url": "postgres://ann:" + draw(16, ALNUM, "pu") + "@db.keep.test:5432/app",
    "amqp_url": "amqps://ann:" + draw(16, ALNUM, "am") + "@mq.keep.test/v",
    "mongodb_srv": "mongodb+srv://ann:" + draw(16, ALNUM, "ms") + "@c0.keep.test/?w=1",
    "azure_storage_string": "DefaultEndpointsProtocol=https;AccountName=keep;AccountKey="
    + draw(86, ALNUM, "sc")
    + "==;EndpointSuffix=core.windows.net",
    "azure_sas_token": "sv=2024-01-01&ss=b&sig=" + draw(43, ALNUM, "sg") + "%3D&se=2026-12-01",
    "bearer_text": "Authorization: Bearer " + draw(30, ALNUM, "bt"),
}
TAIL = 14


def _core(secret: str) -> str:
    """The part of a value that must be gone in any case."""
    for left, right in (("AccountKey=", "=="), ("sig=", "%3D"), ("ann:", "@"), ("ann-id:", "@")):
        if left in secret:
            return secret.partition(left)[2].partition(right)[0]
    if "@o1." in secret:
        return secret.partition("@")[0].rpartition(":")[2]
    return secret[-TAIL:]


def _json_text(name: str, secret: str) -> Case:
    body = json.dumps({"item": "keep-1", "note": f"see {secret} there"})
    return json_case(name, WHY, body, (_core(secret),), ("keep-1", "there"))


def _list(name: str, secret: str) -> Case:
    return json_case(name, WHY, json.dumps(["keep-1", [secret], 7]), (_core(secret),), ("keep-1",))


def _escaped(name: str, secret: str) -> Case:
    inner = json.dumps({"note": secret, "n": "keep-1"})
    body = json.dumps({"event": inner}).replace("e", "\\u0065", 1)
    return json_case(name, WHY, body, (_core(secret),), ("keep-1",))


def _log_line(name: str, secret: str) -> Case:
    text = f"2026-11-23T10:00:00Z INFO keep-1 sent {secret} to keep-2\n"
    return text_case(name, WHY, text, (_core(secret),), ("keep-1", "keep-2"))


def _markup(name: str, secret: str) -> Case:
    text = f"<a><b x='keep-1'>{secret.replace('&', '&amp;')}</b></a>"
    return Case(
        name,
        WHY,
        (_core(secret),),
        ("keep-1",),
        request_headers=[("Content-Type", "application/xml")],
        request_body=text,
    )


def _form(name: str, secret: str) -> Case:
    return form_case(
        name, WHY, f"n=keep-1&note={quote(secret, safe='')}", (_core(secret),), ("keep-1",)
    )


def _base64(name: str, secret: str) -> Case:
    coded = base64.b64encode(json.dumps({"note": secret, "n": 1}).encode()).decode()
    body = json.dumps({"data": coded, "n": "keep-1"})
    return json_case(name, WHY, body, (_core(secret), coded), ("keep-1",))


def _query(name: str, secret: str) -> Case:
    url = f"https://api.example.test/v1/a?n=keep-1&note={quote(secret, safe='')}"
    return url_case(name, WHY, url, (_core(secret),), ("n=keep-1",))


def _header(name: str, secret: str) -> Case:
    return Case(
        name,
        WHY,
        (_core(secret),),
        ("keep-1", "X-Note"),
        response_headers=[("X-Note", f"keep-1 {secret}")],
        response_body="{}",
    )


def _error(name: str, secret: str) -> Case:
    return Case(name, WHY, (_core(secret),), ("refused keep-1",), error=f"refused keep-1: {secret}")


def _yaml(name: str, secret: str) -> Case:
    return text_case(name, WHY, f"a: keep-1\nnote: {secret}\n", (_core(secret),), ("a: keep-1",))


PLACES: tuple[Callable[[str, str], Case], ...] = (
    _json_text,
    _list,
    _escaped,
    _log_line,
    _markup,
    _form,
    _base64,
    _query,
    _header,
    _error,
    _yaml,
)
EACH = 3


def cases() -> Iterator[Case]:
    """Each of the known shapes in a few places in turn, those that are new in all of them."""
    for number, (name, secret) in enumerate(SHAPES.items()):
        for step in range(EACH):
            place = PLACES[(number * EACH + step) % len(PLACES)]
            yield place(f"placed_{name}{place.__name__}", secret)
    for name, secret in MORE.items():
        for place in PLACES:
            yield place(f"placed_{name}{place.__name__}_new", secret)
    yield from _taint()


def _taint() -> Iterator[Case]:
    """A value that one name gives away is gone wherever else it stands, in both directions."""
    value = draw(22, HEX, "taint")
    for number, elsewhere in enumerate(
        (
            value,
            quote(value + "/x", safe=""),
            base64.b64encode(b"keep " + value.encode() + b" keep").decode(),
            f"<a>{value}</a>",
            f'{{"q":"{value}"}}',
            f"x;{value};y",
        )
    ):
        yield Case(
            f"taint_answer_{number}",
            "the request's password in the answer",
            (value,),
            ("keep-a",),
            request_headers=[("X-Api-Key", value)],
            response_body=json.dumps({"echo": elsewhere, "n": "keep-a"}),
        )
        yield Case(
            f"taint_request_{number}",
            "the answer's token in the request",
            (value,),
            ("keep-b",),
            url=f"https://api.example.test/v1/{quote(elsewhere, safe='')}",
            request_body=json.dumps({"note": elsewhere, "n": "keep-b"}),
            response_body=json.dumps({"access_token": value}),
            error=f"could not send {elsewhere}",
        )
