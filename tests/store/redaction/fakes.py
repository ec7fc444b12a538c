"""Secrets that are none: made in code, so that no scanner finds a secret in this repository."""

import hashlib

UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOWER = UPPER.lower()
DIGITS = "0123456789"
HEX = "0123456789abcdef"
ALNUM = UPPER + LOWER + DIGITS
URLSAFE = ALNUM + "-_"


def draw(length: int, alphabet: str = ALNUM, seed: str = "") -> str:
    """`length` characters that look drawn by chance, the same in every run."""
    out: list[str] = []
    block = 0
    while len(out) < length:
        digest = hashlib.sha256(f"{seed}:{alphabet}:{length}:{block}".encode()).digest()
        out += (alphabet[byte % len(alphabet)] for byte in digest)
        block += 1
    return "".join(out[:length])


def hexes(length: int, seed: str = "") -> str:
    """Hex digits, at least one letter among them."""
    return "fa" + draw(length - 2, HEX, seed)


def word(*parts: str) -> str:
    """A prefix that scanners look for, put together."""
    return "".join(parts)


def uuid(seed: str = "") -> str:
    """A UUID."""
    digits = hexes(32, seed)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


PASSWORD = "Hunter2" + "Fake!pw"
TOKEN = draw(32, ALNUM, "token")
JWT = ".".join(
    (
        word("ey", "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"),
        word("ey", "JzdWIiOiAiMTIzNDU2Nzg5MCIsICJuYW1lIjogIkFkYSJ9"),
        draw(43, URLSAFE, "jwt"),
    )
)
CARD = "4242" * 4
PEM = "\n".join(
    (
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        draw(64, ALNUM + "+/", "pem1"),
        draw(64, ALNUM + "+/", "pem2"),
        draw(30, ALNUM, "pem3") + "==",
        "-----END " + "RSA PRIVATE KEY-----",
    )
)
