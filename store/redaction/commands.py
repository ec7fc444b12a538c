"""Credentials of command lines, of protocols, and of settings that daemons and routers have."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from store.redaction.json_trail import Place
from store.redaction.placeholders import is_placeholder
from store.redaction.work import MARK, Work

_VALUE: Final = rb"(?:\"([^\"\r\n]{1,200})\"|'([^'\r\n]{1,200})'|([^\s\"'|;]{1,200}))"
_USER: Final = (
    rb"(?:\"[^\s:\"]{0,200}:([^\"\r\n]{1,200})\"|'[^\s:']{0,200}:([^'\r\n]{1,200})'"
    rb"|[\"']?[^\s:\"']{0,200}:([^\s\"']{1,200}))"
)
_LINE: Final = rb"[^\n|;]{0,400}"


class _Rule(NamedTuple):
    """A pattern, the last group of which is a secret, and what every match contains."""

    needs: bytes
    pattern: re.Pattern[bytes]
    rule: str = "command line"


class _Program(NamedTuple):
    """A program, and its options that take a secret."""

    needs: bytes
    call: re.Pattern[bytes]
    option: re.Pattern[bytes]


def _program(needs: bytes, names: bytes, option: bytes) -> _Program:
    return _Program(
        needs,
        re.compile(rb"(?<![\w-])(?:" + names + rb")(?=[ ])" + _LINE),
        re.compile(rb"(?<=\s)" + option),
    )


_PROGRAMS: Final = (
    _program(b"snmp", rb"snmp[a-z]{3,12}", rb"-[cAX][ ]?" + _VALUE),
    _program(b"smbc", rb"smbclient", rb"-U[ ]?[\"']?[^\s%\"']{1,200}%([^\s\"']{1,200})"),
    _program(b"mosquitto_", rb"mosquitto_\w{2,4}", rb"-P[ ]" + _VALUE),
    _program(b"zip", rb"(?:un)?zip", rb"-P[ ]?" + _VALUE),
    _program(b"7z", rb"7z[arz]?", rb"-p([^\s]{3,200})"),
    _program(b"freerdp", rb"[xw]l?freerdp", rb"/p:" + _VALUE),
    _program(b"redis-cli", rb"redis-cli", rb"-a[ ]" + _VALUE),
    _program(b"mongo", rb"mongo(?:sh|dump|restore|export|import)?", rb"-p[ ]" + _VALUE),
    _program(b"sqlcmd", rb"sqlcmd", rb"-P[ ]?" + _VALUE),
    _program(b"ipmitool", rb"ipmitool", rb"-P[ ]?" + _VALUE),
    _program(b"mysql", rb"mysql\w{0,12}", rb"-p(?:\"([^\"\r\n]+)\"|'([^'\r\n]+)'|([^\s\"']{3,}))"),
    _program(b"mariadb", rb"mariadb[\w-]{0,12}", rb"-p[\"']?([^\s\"']{3,})"),
    _program(b"sshpass", rb"sshpass", rb"-p[ ]?" + _VALUE),
    _program(b"login", rb"login", rb"-p[ ]?" + _VALUE),
    _program(b"ldap", rb"ldap\w{0,12}", rb"-w[ ]?" + _VALUE),
)
_IDENTIFIED: Final = re.compile(
    rb"(?i)identified\s+(?:with\s+\w+\s+)?by\s+(?:password\s+)?['\"]([^'\"]+)"
)
_RULES: Final = (
    _Rule(
        b"http",
        re.compile(
            rb"\b(?:https?|xhs?)\s(?:[^\n|;]{0,200}?\s)?-a[ =]?[\"']?[^\s:\"']{1,200}:([^\s\"']+)"
        ),
    ),
    _Rule(b" -u", re.compile(rb"(?<=\s)-u[ =]?" + _USER)),
    _Rule(b"-user", re.compile(rb"--(?:proxy-)?user(?![\w-])[ =]?" + _USER)),
    _Rule(
        b"SecureString",
        re.compile(rb"ConvertTo-SecureString\s{1,4}(?:-String\s{1,4})?[\"']([^\"'\r\n]+)"),
    ),
    _Rule(
        b"stdin",
        re.compile(
            rb"(?:echo|printf)[ ](?:-n[ ])?" + _VALUE + rb"[ ]?\|[ ]?[^\n|;]{0,200}password-stdin"
        ),
    ),
    _Rule(
        b"chpasswd", re.compile(rb"(?:echo|printf)[ ][\"']?[\w.-]{1,60}:([^\s\"'|]+)[\"']?[ ]?\|")
    ),
    _Rule(b"sudo", re.compile(rb"(?:echo|printf)[ ]" + _VALUE + rb"[ ]?\|[ ]?sudo[ ]-\w?S")),
    _Rule(
        b"htpasswd",
        re.compile(rb"htpasswd(?:[ ]-[a-mo-zA-Z]{1,6}){0,4}[ ]-\w?b\w?[ ]\S+[ ]\S+[ ]([^\s|;]+)"),
    ),
    _Rule(b"htpasswd", re.compile(rb"htpasswd[ ]-(?:n\w?b|\w?bn)\w?[ ]\S+[ ]([^\s|;]+)")),
    _Rule(
        b"net use",
        re.compile(rb"(?i)\bnet use[ ](?:\S{1,4}[ ])?\S+[ ](?!/)([^\s/]\S{0,200})[ ]/user:"),
    ),
    _Rule(b"net use", re.compile(rb"(?i)\bnet use[ ][^\n]{1,200}/user:\S+[ ](?!/)(\S+)")),
    _Rule(
        b"AUTH",
        re.compile(rb"(?m)^AUTH(?: (?:PLAIN|LOGIN|XOAUTH2|CRAM-MD5))? (\S{3,})[ \t]*\r?$"),
        "protocol command",
    ),
    _Rule(b"PASS ", re.compile(rb"(?m)^PASS (\S{3,})[ \t]*\r?$"), "protocol command"),
    _Rule(
        b"LOGIN",
        re.compile(
            rb"(?m)^(?!CREATE|ALTER|DROP)\w{1,20} LOGIN \"?[^\s\"]{1,200}\"? \"?([^\s\"]{3,})"
        ),
        "protocol command",
    ),
    _Rule(
        b"AUTH",
        re.compile(rb"AUTH\r\n(?:\$\d{1,4}\r\n[^\r\n]{1,200}\r\n(?=\$))?\$\d{1,4}\r\n([^\r\n]+)"),
        "protocol command",
    ),
    _Rule(
        b"login",
        re.compile(rb"\blogin\s{1,8}\S{1,200}\s{1,8}password\s{1,8}(\S{3,200})"),
        "netrc",
    ),
    _Rule(b"community", re.compile(rb"(?m)^[ \t]*r[ow]community6?[ \t]+(\S+)"), "setting"),
    _Rule(b"com2sec", re.compile(rb"(?m)^[ \t]*com2sec6?[ \t]+\S+[ \t]+\S+[ \t]+(\S+)"), "setting"),
    _Rule(
        b"createUser",
        re.compile(rb"createUser[ ]\S+[ ](?:MD5|SHA[\w-]*)[ ]" + _VALUE),
        "setting",
    ),
    _Rule(
        b"createUser",
        re.compile(
            rb"createUser[ ]\S+[ ](?:MD5|SHA[\w-]*)[ ](?:\"[^\"\n]+\"|\S+)[ ](?:DES|AES[\w-]*)[ ]"
            + _VALUE
        ),
        "setting",
    ),
    _Rule(
        b">",
        re.compile(
            rb"(?m)^[ \t]*(?:ACL[ ]SETUSER|user)[ ]\S{1,80}(?:[ ]\S{1,80}){0,8}?[ ]>(\S{3,})"
        ),
        "setting",
    ),
    _Rule(b"stats auth", re.compile(rb"stats[ ]auth[ ]+[^\s:]{1,80}:(\S+)"), "setting"),
    _Rule(b"rootpw", re.compile(rb"rootpw[ ](?:--\w{1,20}[ ]){1,3}([^\s-]\S+)"), "setting"),
    _Rule(
        b"]:",
        re.compile(rb"(?m)^\[[\w.-]{1,80}\](?::\d{2,5})?[ \t]+[\w.@+-]{1,80}:(\S+)[ \t]*\r?$"),
        "setting",
    ),
    _Rule(b"snmp-server", re.compile(rb"snmp-server[ ]community[ ](\S+)"), "setting"),
    _Rule(
        b"-server",
        re.compile(rb"(?:radius|tacacs)-server[^\n]{0,120}?[ ]key[ ](?:\d[ ])?(\S+)"),
        "setting",
    ),
    _Rule(b" key ", re.compile(rb"(?m)^[ ]+key[ ][0-9][ ](\S{3,})[ ]*\r?$"), "setting"),
    _Rule(b"isakmp", re.compile(rb"isakmp[ ]key[ ](?:\d[ ])?(\S+)"), "setting"),
    _Rule(b"key-string", re.compile(rb"key-string[ ](?:\d[ ])?(\S+)"), "setting"),
    _Rule(
        b"pre-shared-key",
        re.compile(
            rb"pre-shared-key[ ](?:(?:local|remote|ascii-text|hex)[ ])?(?:\d[ ])?([^\s:=]+)"
        ),
        "setting",
    ),
    _Rule(
        b"authentication-key",
        re.compile(rb"authentication-key[ ]\d{1,6}[ ]md5[ ](\S+)"),
        "setting",
    ),
    *(
        _Rule(
            name + b" ",
            re.compile(rb"(?<![\w-])" + name + rb"[ ][0-9][ ]([^\s=:]{4,200})(?=\s|\Z)"),
            "setting",
        )
        for name in (b"password", b"secret", b"passphrase")
    ),
    _Rule(b"dentified", _IDENTIFIED, "sql"),
    _Rule(b"DENTIFIED", _IDENTIFIED, "sql"),
)
_IN_MARK: Final = b"[REDACTED:"


def cut_commands(work: Work, value: bytes, place: Place) -> bytes:
    """`value` without what such lines hold."""
    for program in _PROGRAMS:
        if program.needs in value:
            value = _program_calls(work, program, value, place)
    for rule in _RULES:
        if rule.needs in value:
            value = _cut(work, rule.pattern.finditer(value), value, place, rule.rule)
    return value


def _program_calls(work: Work, program: _Program, value: bytes, place: Place) -> bytes:
    options = (
        option
        for call in program.call.finditer(value)
        for option in program.option.finditer(value, call.start(), call.end())
    )
    return _cut(work, options, value, place, "command line")


def _cut(
    work: Work, matches: Iterable[re.Match[bytes]], value: bytes, place: Place, rule: str
) -> bytes:
    out: list[bytes] = []
    end = 0
    for match in matches:
        secret = match[match.lastindex or 0]
        start = match.start(match.lastindex or 0)
        if MARK.search(secret) or is_placeholder(secret) or value.endswith(_IN_MARK, 0, start):
            continue
        if start < end:
            continue
        out += (value[end:start], work.cut(secret, place, rule))
        end = start + len(secret)
    return b"".join((*out, value[end:])) if out else value
