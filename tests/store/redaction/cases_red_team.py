"""What an independent writer of cases found to pass through the real proxy."""

import json
from collections.abc import Iterator

from tests.store.redaction.corpus import (
    Case,
    form_case,
    header_case,
    json_case,
    text_case,
    url_case,
)
from tests.store.redaction.fakes import LOWER, PASSWORD, TOKEN, UPPER, draw, word

WHY = "found by cases that were written without knowledge of the rules"

_SHAPES = {
    "paddle": word("pdl_", "live_apikey_01") + draw(24, LOWER) + "_" + draw(22),
    "infracost": word("ico", "-") + draw(32),
    "facebook_app": "1234567890123456|" + draw(27),
    "dropbox_user": word("sl.", "u.") + draw(136),
    "mapbox": word("sk.", "eyJ") + draw(60) + "." + draw(22),
    "snyk": word("snyk_", "uat.") + draw(8) + "." + draw(60),
    "prefect": word("pnu", "_") + draw(36),
    "frameio": word("fio-", "u-") + draw(64),
    "telnyx": word("K", "EY") + draw(32, UPPER) + "_" + draw(22),
    "messagebird": word("live", "_") + draw(25),
    "paseto": word("v4.", "local.") + draw(120),
    "voyage": word("pa", "-") + draw(43),
    "confluent": word("cf", "lt") + draw(60),
    "sanity": word("s", "k") + draw(120),
}


def cases() -> Iterator[Case]:
    """All of them."""
    for name, secret in _SHAPES.items():
        body = json.dumps({"item": "keep-s", "note": f"see {secret} for details"})
        yield json_case(f"red_shape_{name}", WHY, body, (secret[len(secret) // 2 :],), ("keep-s",))
    for name in ("appkey", "pin_code", "oauth_verifier", "id_token_hint", "xoauth"):
        yield form_case(f"red_form_{name}", WHY, f"{name}={TOKEN}&z=keep", (TOKEN,), ("z=keep",))
    for name in ("tok", "oauth"):
        body = json.dumps({"a": "keep-n", name: TOKEN})
        yield json_case(f"red_json_{name}", WHY, body, (TOKEN,), ("keep-n",))
    for name in ("verif-hash", "X-Ovh-Consumer", "appkey"):
        yield header_case(f"red_header_{name}", name, TOKEN, (TOKEN,), ())
    card = "5200" + "8282" * 2 + "8210"
    for mark in (".", "\u00a0"):
        spaced = mark.join(card[i : i + 4] for i in range(0, 16, 4))
        yield text_case(f"red_card_{ord(mark)}", WHY, f"paid {spaced} today", (spaced,), ("today",))
    yield text_case(
        "red_oracle",
        WHY,
        f"jdbc:oracle:thin:scott/{TOKEN}@keep.test:1521:o",
        (TOKEN,),
        ("keep.test",),
    )
    yield text_case("red_sip", WHY, f"sip:ann:{TOKEN}@keep.test", (TOKEN,), ("keep.test",))
    yield text_case(
        "red_odbc", WHY, f"Server=keep;Uid=u;Pwd={{{TOKEN};x}};", (TOKEN,), ("Server=keep",)
    )
    yield text_case(
        "red_continued", WHY, f"db.password=\\\n  {PASSWORD}\nn=keep\n", (PASSWORD,), ("n=keep",)
    )
    yield text_case(
        "red_attribute",
        WHY,
        f"<c user='keep'\n password\n=\n\"{PASSWORD}\"/>",
        (PASSWORD,),
        ("keep",),
    )
    yield text_case(
        "red_comment",
        WHY,
        f'{{"n":"keep", "password" /* hi */ : "{PASSWORD}",}}',
        (PASSWORD,),
        ("keep",),
    )
    for place in ("fcm.googleapis.com/fcm/send/", "kuma.example.test/api/push/"):
        yield url_case(f"red_path_{place[:4]}", WHY, f"https://{place}{TOKEN}", (TOKEN,), ())
    yield json_case(
        "red_keep_pass", WHY, json.dumps({"boarding_pass": "BP-keep-1"}), (), ("BP-keep-1",)
    )
