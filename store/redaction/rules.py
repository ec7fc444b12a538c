"""The rules of redaction: read once from the file beside this one, with a user's additions."""

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from store.errors import RuleError
from store.redaction.engine import AnyOf, Linear
from store.redaction.options import RedactionOptions, UserPattern
from store.redaction.prefilter import apart, literal_end, weakened

BASE64_QUAD: Final = (
    "(?:[I-Za-fC][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-])"
)
BASE64_ASCII: Final = BASE64_QUAD + "{5}"
"""Base64 (RFC 4648) of at least 15 ASCII bytes: the top bit of every byte is clear, which halves
the alphabet in three of four places. A random token of 40 characters matches once in 3,000."""

_GAP: Final = "[^A-Za-z0-9]{0,2}"
_AFTER_NAME: Final = (
    r"""(?:[\\"'\]]|&quot;|%22|%5D){0,4}\s{0,4}(?:[:=>]|%3[AaDd])"""
    r"""\s{0,4}(?:[\\"'\[]|&quot;|%22){0,4}"""
)
_CONTEXT: Final = "|".join(
    (
        r"grant_type|stringData|verification_ur|lease_duration|\"created_time|/secrets/|\bkty\b|client_id",
        r"auth_date|\b7[Bb](?:0[aA]|20)*22[0-9a-fA-F]{20}|[\w/]#[A-Za-z0-9_-]{10}",
        r"(?:\\|%(?:25)*5[Cc])u00(?:2[Dd]|5[Ff]|[46][1-9A-Fa-f]|[57][0-9Aa])",
        r"%(?:25)*(?:2[Dd]|5[Ff]|[46][1-9A-Fa-f]|[57][0-9Aa])",
        r"(?:^|[?&#])code=|\"[Cc]ode\"\s{0,4}:\s{0,4}\"?\d{4}|[?&]p=[^&\s]{4}",
        r"(?i:kind[\"']?\s{0,4}:\s{0,4}[\"']?secret)|(?i:identified[ ]by)",
        r"\"(?:sensitive|masked|secured)\"\s{0,4}:\s{0,4}true|Private-Lines:"
        r"|[\"._](?:[Ll]og_?[Ii]n|[Aa]uthenticate|[Aa]uthorize|execute(?:_kw)?)\"",
        r"<(?:DP|DQ|InverseQ)>|(?i:\d[ ]is[ ](?:your|the)[ ])"
        r"|(?i:(?:code|pin|otp)(?: is)?:? {1,3}\d{4})",
        r"(?i:code|c(?:o|\xc3\xb3|\xc3\x93)digo|codice|kod)(?: d[aei] [^\s\d]{1,16})?"
        r"(?: (?:is|lautet|ist|est|es|to|\xc3\xa9|\xc3\xa8))?(?: ?:)? {1,3}\d{4}"
        r"|>[^\s]{4,80} [~+]|stats auth|\]:\d{2,5}[ \t]+[\w.@+-]{1,60}:",
        r"(?:\s-[ua]|--user|--proxy-user)[ =]|\s-[pwP]|SecureString|LOGIN |AUTH\r|=3D",
        r"community|createUser|com2sec|key-string|isakmp|(?:radius|tacacs)-|authentication-key",
        r"SETUSER|\bkey [57] |\s-u[\w.@-]{1,40}:",
        r"\bsnmp|smbclient|freerdp|redis-cli|htpasswd|chpasswd|sudo -|[Nn]et use",
        r"onnection\(|mysqli|pg_connect|\bPDO|ssh2_auth|ftp_login|redential|asic_?[Aa]uth|PlainAuth",
        r"pgp_sym_|AES_(?:EN|DE)|WiFi\.|softAP\(|masterauth|rootpw|\blogin\(|(?i:jwt)\.|[Hh]mac|HMAC",
    )
)
"""What only its neighbours make a secret, or a name in which letters are coded that need not be.
Of a command with `-p` only this: a count of what may stand before it makes an automaton of
thousands of states. Counts after a start that is common make as many states as they count to,
times those of all else; a run without an end, on the other hand, is looked at to its end from
each place."""
_USERINFO: Final = (
    r"""//[^\s"'<>@]*@|[\w.+-]:[^\s:@/"'<>\\]+@(?:[\w.-]+[:/]|\w*\()"""
    r"|%(?:25)*2[Ff]%(?:25)*2[Ff][^\s\"'<>]*%(?:25)*40"
    r"|[\w*]:(?:\d{4,5}|\*):[A-Za-z_*]"
)
_BLOCKS: Final = r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY|PuTTY-User-Key-File|PRIVATE-KEY-BLOCK"
_DIGITS: Final = r"[2-6]\d(?:(?:[ .-]|\xc2\xa0)?\d){11,17}"
_PACKED64: Final = r"\b(?:H4sI|eJ[w-z]|eN[o-r])[A-Za-z0-9+/_-]{20,}"


class NameRules(msgspec.Struct, frozen=True):
    """What makes a name secret. Words are lower case, phrases are pieces joined by a space."""

    glued: frozenset[str]
    endings: tuple[str, ...]
    pieces: frozenset[str]
    phrases: frozenset[str]
    loose: frozenset[str]
    neutral: frozenset[str]
    neutral_tails: frozenset[str]
    modifiers: frozenset[str]
    keep: frozenset[str]
    judged: frozenset[str]
    numeric: frozenset[str]
    loose_endings: tuple[str, ...]
    harmless: frozenset[str]
    extra: frozenset[str]


class Shape(msgspec.Struct, frozen=True):
    """A credential known by its form."""

    rule: str
    pattern: Linear
    bytes: bool = False
    """The form is base64 of random bytes, which base64 of text may look like."""
    random: bool = False
    """Words may have the form too."""
    words: bool = False
    """Only words joined by hyphens are none."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Every rule, compiled."""

    version: int
    names: NameRules
    headers: frozenset[bytes]
    safe_headers: frozenset[bytes]
    authorization_keep: frozenset[bytes]
    authorization_pairs: frozenset[bytes]
    shapes: tuple[Shape, ...]
    any_shape: AnyOf
    """Finds wherever one of `shapes` may be."""
    schemes: Linear
    pair_names: frozenset[str]
    pair_values: frozenset[str]
    words: Linear
    """Finds where a secret name may stand."""
    judged: Linear
    """Finds names whose values count when they look random."""
    suspicion: AnyOf
    """Finds anything that some rule might cut; text without a match is kept as it is."""
    templates: tuple[tuple[str, str], ...]
    markers: dict[bytes, bool]
    ibans: bool
    emails: bool
    deadline: float


@lru_cache(maxsize=1)
def shipped() -> dict[str, Any]:
    """The rules file as it ships."""
    return tomllib.loads(files(__package__).joinpath("rules.toml").read_text("utf-8"))


def build_rules(
    options: RedactionOptions,
    names: tuple[str, ...] = (),
    patterns: tuple[UserPattern, ...] = (),
) -> Rules:
    """The shipped rules with `options` and one organization's `names` and `patterns`.

    Raises:
        RuleError: a pattern or path cannot be used, or a default rule is disabled without
            `allow_disabled_rules`, or no rule has the name that is to be disabled.
    """
    data = shipped()
    disabled = _disabled(options)
    name_rules = _name_rules(data["names"], (*options.names, *names), disabled)
    shapes = {rule: text for rule, text in data["shapes"].items() if rule not in disabled}
    own = [
        Shape(f"user:{pattern.name}", Linear(pattern.pattern, user=True))
        for pattern in (*options.patterns, *patterns)
    ]
    own_text = [pattern.pattern for pattern in (*options.patterns, *patterns)]
    weak, others = _prefilters([_ungrouped(text) for text in shapes.values()], own_text)
    words, judged = _words(name_rules), _judged(name_rules)
    templates = (*data["paths"]["templates"], *options.paths)
    markers = {name.rstrip("+").encode(): name.endswith("+") for name in data["paths"]["markers"]}
    schemes = _schemes(data["names"]["schemes"])
    parts = [
        words,
        judged,
        _CONTEXT,
        _USERINFO,
        _BLOCKS,
        schemes,
        _pairs(name_rules),
        _paths_text(templates, markers),
    ]
    # These come some way in every token and number; see `AnyOf` for why they stand apart.
    runs = [_DIGITS, _PACKED64, BASE64_ASCII]
    if options.ibans:
        runs.append(r"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]){11,30}")
    if options.emails:
        parts.append(r"[\w.+%-]@[\w-]")
    names_data = data["names"]
    return Rules(
        version=data["version"],
        names=name_rules,
        headers=frozenset(name.encode() for name in names_data["headers"]),
        safe_headers=frozenset(name.encode() for name in names_data["safe_headers"]),
        authorization_keep=frozenset(name.encode() for name in names_data["authorization_keep"]),
        authorization_pairs=frozenset(name.encode() for name in names_data["authorization_pairs"]),
        shapes=(
            *(
                Shape(
                    f"shape:{rule}",
                    Linear(text),
                    bytes=rule in data["bytes"]["shapes"],
                    random=rule in data["random"]["shapes"],
                    words=rule in data["words"]["shapes"],
                )
                for rule, text in shapes.items()
            ),
            *own,
        ),
        any_shape=AnyOf(Linear(_either(weak)), *others),
        schemes=Linear(schemes),
        pair_names=frozenset(names_data["pair_names"]),
        pair_values=frozenset(names_data["pair_values"]),
        words=Linear(words),
        judged=Linear(judged),
        suspicion=AnyOf(Linear(_either([*parts, *weak])), Linear(_either(runs)), *others),
        templates=tuple(split_template(template) for template in templates),
        markers=markers,
        ibans=options.ibans,
        emails=options.emails,
        deadline=options.deadline_ms / 1000,
    )


def _prefilters(shipped_ones: list[str], own: list[str]) -> tuple[list[str], list[Linear]]:
    """What finds every shape's place, and something else now and then: patterns that may stand
    in one automaton with others, and those that may not."""
    ends = {text: literal_end(text) for text in shipped_ones}
    others = [Linear(text, needs=end) for text, end in ends.items() if end]
    weak = [text for text, end in ends.items() if not end]
    others += [Linear(one, needs=digits) for text in weak for one, digits in apart(text)]
    if own:
        # The values of headers are asked for together, one in a line.
        others.append(Linear(f"(?m:{_either([_ungrouped(text) for text in own])})"))
    return list(filter(None, map(weakened, weak))), others


def _either(parts: list[str]) -> str:
    if not parts:
        return r"[^\s\S]"
    return "|".join(f"(?:{part})" for part in parts)


def default_rules() -> frozenset[str]:
    """The names of what can be disabled."""
    shapes, names = shipped()["shapes"], shipped()["names"]
    return frozenset(
        (*shapes, *names["glued"], *names["pieces"], *names["phrases"], *names["loose"])
    )


def _disabled(options: RedactionOptions) -> frozenset[str]:
    if options.disabled_rules and not options.allow_disabled_rules:
        raise RuleError(
            "disabled_rules removes default rules and may keep secrets: "
            "set allow_disabled_rules = true as well to say that this is meant"
        )
    known = default_rules()
    for rule in options.disabled_rules:
        if rule not in known:
            raise RuleError(f'disabled_rules: there is no default rule "{rule}"')
    return frozenset(options.disabled_rules)


def _name_rules(
    data: dict[str, list[str]], extra: tuple[str, ...], disabled: frozenset[str]
) -> NameRules:
    from store.redaction.names import pieces_of

    glued = frozenset(data["glued"]) - disabled
    return NameRules(
        glued=glued,
        endings=tuple(sorted(glued)),
        pieces=frozenset(data["pieces"]) - disabled,
        phrases=frozenset(data["phrases"]) - disabled,
        loose=frozenset(data["loose"]) - disabled,
        neutral=frozenset(data["neutral"]),
        neutral_tails=frozenset(data["neutral_tails"]),
        modifiers=frozenset(data["modifiers"]),
        keep=frozenset(data["keep"]) | disabled,
        judged=frozenset(data["judged"]),
        numeric=frozenset(data["numeric"]) - disabled,
        loose_endings=tuple(data["loose_endings"]),
        harmless=frozenset(data["harmless"]),
        extra=frozenset(" ".join(pieces_of(name.encode())) for name in extra),
    )


def _words(rules: NameRules) -> str:
    """A pattern that matches inside every name that `Names` may call secret."""
    anywhere = _least(rules.glued)
    phrases = {_GAP.join(phrase.split()) for phrase in (*rules.phrases, *rules.extra)}
    phrases |= {_GAP.join(phrase.split()) for phrase in rules.loose if " " in phrase}
    whole = [*rules.pieces, *(piece for piece in rules.loose if " " not in piece)]
    # Without Unicode in the engine, other alphabets are spelled out in both cases.
    foreign = {
        spelled
        for word in anywhere
        if not word.isascii()
        for spelled in (word.upper(), word.capitalize())
    }
    alternatives = "|".join(sorted(re.escape(word) for word in (*anywhere, *foreign)))
    pieces = "|".join(sorted(whole))
    titles = "|".join(sorted(f"{word.capitalize()}|{word.upper()}" for word in whole))
    lowers = "|".join(sorted(f"{word}|{word.capitalize()}|{word.upper()}" for word in whole))
    return (
        f"(?i:{alternatives}|{'|'.join(sorted(phrases))})"
        f"|(?:^|[^A-Za-z])(?i:{pieces})(?:[^A-Za-z]|$)"
        f"|[A-Za-z](?i:{'|'.join(rules.loose_endings)})(?:[^A-Za-z]|$)"
        f"|(?:\\xef\\xbd[\\x81-\\x9a]){{3}}"
        f"|[a-z0-9](?:{titles})(?:[^a-z]|$)"
        f"|(?:^|[^A-Za-z])(?:{lowers})[A-Z]"
    )


def _judged(rules: NameRules) -> str:
    """A pattern that matches judged names with a value long enough to be judged."""
    words = "|".join(sorted(_GAP.join(name.split()) for name in rules.judged))
    inner = "|".join(
        sorted(_GAP.join(word.capitalize() for word in name.split()) for name in rules.judged)
    )
    after = f"(?:_?(?i:base64|b64|hex|value|raw))?{_AFTER_NAME}[A-Za-z0-9+/_.~%-]{{10}}"
    return f"(?:^|[^A-Za-z])(?i:{words}){after}|[a-z0-9](?:{inner}){after}"


def _pairs(rules: NameRules) -> str:
    """A pattern that matches the first of two strings in a list of such lists."""
    words = "|".join(sorted(name for name in rules.judged if " " not in name))
    return rf"[\[,]\s{{0,20}}\[\s{{0,20}}\"(?i:{words})\"\s{{0,4}},"


def _least(words: frozenset[str]) -> list[str]:
    """The words that contain no other of them: enough to find them all."""
    return [word for word in words if not any(o != word and o in word for o in words)]


def _schemes(names: list[str]) -> str:
    joined = "|".join(re.escape(name) for name in names)
    return rf"(?i:\b(?:{joined})(?:[ ]|%20|\+)[ ]?(?:[\"']|\\\"|%22)?[A-Za-z0-9._~+/=:-]{{8,}})"


def _paths_text(templates: tuple[str, ...], markers: dict[bytes, bool]) -> str:
    hosts = {re.escape(_longest_literal(template)).replace("/", "/+") for template in templates}
    named = "|".join(sorted(re.escape(name.decode()) for name in markers))
    piece = "[A-Za-z0-9_.~%-]"
    return (
        f"{'|'.join(sorted(hosts))}"
        f"|(?i:/|%2F)(?i:{named})(?i:/|%2F)(?:{piece}{{1,40}}/)?{piece}{{10}}"
    )


def _longest_literal(template: str) -> str:
    """The longest piece of a template without a wildcard: what must stand in a matching URL."""
    return max(re.split(r"\*+|\{\}", template), key=len)


def split_template(template: str) -> tuple[str, str]:
    """Host and path of a path template.

    Raises:
        RuleError: it has no host, no path, or no place for the secret.
    """
    host, slash, path = template.partition("/")
    if not slash or "{}" not in path or not host:
        raise RuleError(f'expected HOST/PATH with {{}} where the secret stands, found "{template}"')
    return host, path


def _ungrouped(pattern: str) -> str:
    """`pattern` with its capturing groups made plain, to be put into a larger pattern."""
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", pattern)
