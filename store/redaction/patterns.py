"""Secrets that are known by their own form, wherever they stand."""

import re
from typing import Final

from store.redaction import auth
from store.redaction.json_trail import Place
from store.redaction.placeholders import is_placeholder
from store.redaction.values import is_card, is_iban, is_nothing, is_random
from store.redaction.work import MARK, Work

_BEGIN: Final = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    rb"|PuTTY-User-Key-File-\d:|PRIVATE-KEY-BLOCK|(?m:^)Private-Lines:"
)
_END: Final = re.compile(rb"-----END [A-Z0-9 ]{0,60}-----|Private-MAC:[^\r\n]{0,200}")
_LINES: Final = re.compile(rb"\\*[rn]|\s+")
_SCHEME: Final = re.compile(
    rb"""(?i)([a-z-]+)(?:%20|[ +])[ ]?(?:\\?["']|%22)?((?:[A-Za-z0-9._~+/=:-]|%(?!20|22)){8,})"""
)
_CARD: Final = re.compile(
    rb"(?<![\w.+-])(?:[2-6]\d{3}(?:\.\d{4}){3}(?![\w.])"
    rb"|[2-6]\d(?:(?:[ -]|\xc2\xa0)?\d){11,17}(?![\w]))"
)
_PAIRS: Final = re.compile(rb"(?:\A|(?<=[ -]))\d\d(?:[ -]|\Z)")
_LEAST_UNPAIRED: Final = 3
_IBAN: Final = re.compile(rb"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]){11,30}\b")
_EMAIL: Final = re.compile(rb"(?<![\w.+%-])[\w.+%-]{1,64}+@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_ONE_TIME: Final = re.compile(
    rb"(?i)(?<![\w.-])(?:[A-Z]-)?(\d{4,8}|\d{3}[ -]\d{3}) is (?:your|the) (?:[\w-]{1,20} ){0,4}"
    rb"(?:code|otp|pin|passcode|password)\b"
)
_YOUR_CODE: Final = re.compile(
    rb"(?i)\b(?:your|use|enter|with) (?:[\w-]{1,20} ){0,4}(?:code|pin|otp|passcode)"
    rb"(?: is)?:? {1,3}(\d{4,8}|\d{3}[ -]\d{3})(?!\d)"
)
_FOREIGN_CODE: Final = re.compile(
    rb"(?i)(?:(?:best\xc3\xa4tigungs|sicherheits|anmelde|einmal|login|zugangs|verifizierungs|freischalt)-?code"
    rb"|code d[eu] (?:v\xc3\xa9rification|confirmation|s\xc3\xa9curit\xc3\xa9|connexion"
    rb"|validation|acc\xc3\xa8s)"
    rb"|c(?:\xc3\xb3|o)digo de (?:verificaci(?:\xc3\xb3|o)n|acceso|confirmaci(?:\xc3\xb3"
    rb"|o)n|seguridad|acesso"
    rb"|verifica(?:\xc3\xa7\xc3\xa3|ca)o|seguran(?:\xc3\xa7|c)a|confirma(?:\xc3\xa7\xc3\xa3|ca)o)"
    rb"|codice (?:di )?(?:verifica|accesso|sicurezza|conferma)|verificatiecode|kod weryfikacyjny"
    rb"|(?:votre|tu|su|seu|ihr|dein|tuo) (?:code|c(?:\xc3\xb3|o)digo|codice))"
    rb"(?: (?:is|lautet|ist|est|es|to|\xc3\xa9|\xc3\xa8))?(?: ?:)? {1,3}(\d{4,8}"
    rb"|\d{3}[ -]\d{3})(?!\d)"
)
_IN_MARK: Final = b"[REDACTED:"
_LEAST_LINE: Final = 24


def cut_blocks(work: Work, value: bytes, place: Place) -> bytes:
    """Private keys in their text armour (RFC 7468, OpenPGP, PuTTY); without its end, to the end."""
    if b"PRIVATE" not in value and b"PuTTY" not in value and b"Private-Lines" not in value:
        return value
    if b"Private-Lines:" in value:
        # What stands above them in PuTTY's files is public.
        value = value.replace(b"PuTTY-User-Key-File-", b"PuTTY-User-Key-File+")
        clean = _cut_blocks(work, value, place)
        return clean.replace(b"PuTTY-User-Key-File+", b"PuTTY-User-Key-File-")
    return _cut_blocks(work, value, place)


def _cut_blocks(work: Work, value: bytes, place: Place) -> bytes:
    out: list[bytes] = []
    end = 0
    while (begin := _BEGIN.search(value, end)) is not None:
        close = _END.search(value, begin.end())
        last = close.end() if close else len(value)
        block = value[begin.start() : last]
        for line in _LINES.split(value[begin.end() : close.start() if close else last])[:200]:
            if len(line) >= _LEAST_LINE:
                work.taint(line)
        out += (value[end : begin.start()], work.cut(block, place, "private key"))
        end = last
    return b"".join((*out, value[end:]))


def cut_schemes(work: Work, value: bytes, place: Place) -> bytes:
    """`Bearer ...`, `Basic ...` and the like in running text."""
    out: list[bytes] = []
    end = 0
    for start, _ in work.rules.schemes.spans(value):
        match = _SCHEME.match(value, start)
        if match is None or match.start(2) < end:
            continue
        scheme, token = match[1].lower(), match[2]
        if not _is_credential(work, scheme, token):
            continue
        out += (value[end : match.start(2)], work.cut(token, place, f"scheme:{scheme.decode()}"))
        end = match.end(2)
    return b"".join((*out, value[end:])) if out else value


def _is_credential(work: Work, scheme: bytes, token: bytes) -> bool:
    if scheme == b"basic":
        return auth.taint_basic(work, token) or is_random(token, 16)
    if scheme in (b"bearer", b"negotiate", b"ntlm", b"ssws", b"geniekey", b"dpop", b"jwt"):
        return not is_nothing(token) and (is_random(token, 8) or any(48 <= c < 58 for c in token))
    return is_random(token, 16)


def cut_numbers(work: Work, value: bytes, place: Place) -> bytes:
    """Payment cards, one-time codes, and, where switched on, IBANs and e-mail."""
    value = _CARD.sub(lambda match: _card(work, match[0], place), value)
    value = _group(work, _ONE_TIME, 1, value, place, "one-time code")
    value = _group(work, _YOUR_CODE, 1, value, place, "one-time code")
    if b"od" in value or b"digo" in value:
        value = _group(work, _FOREIGN_CODE, 1, value, place, "one-time code")
    if work.rules.ibans:
        value = _IBAN.sub(lambda m: work.cut(m[0], place, "iban") if is_iban(m[0]) else m[0], value)
    if work.rules.emails:
        value = _EMAIL.sub(lambda match: work.cut(match[0], place, "email"), value)
    return value


def _group(
    work: Work, pattern: re.Pattern[bytes], group: int, value: bytes, place: Place, rule: str
) -> bytes:
    out: list[bytes] = []
    end = 0
    for match in pattern.finditer(value):
        if (
            MARK.fullmatch(match[group])
            or is_placeholder(match[group])
            or value.endswith(_IN_MARK, 0, match.start(group))
        ):
            continue
        out += (value[end : match.start(group)], work.cut(match[group], place, rule))
        end = match.end(group)
    return b"".join((*out, value[end:])) if out else value


def _card(work: Work, run: bytes, place: Place) -> bytes:
    """The card number that `run` begins with, cut; digits may follow it after a gap."""
    if len(_PAIRS.sub(b"", run)) < _LEAST_UNPAIRED:
        # A dump of bytes.
        return run
    digits = b""
    for index, byte in enumerate(run):
        if byte in b" -.\xc2\xa0":
            continue
        digits += run[index : index + 1]
        if len(digits) >= 13 and not run[index + 1 : index + 2].isdigit() and is_card(digits):
            work.taint(digits)
            return work.cut(run[: index + 1], place, "card") + run[index + 1 :]
    return run
