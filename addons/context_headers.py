"""The context headers: what a service tells about its own call, `X-Wiretrail-*`."""

from typing import Final

from store.capture import Claims, HeaderList

_METADATA: Final = b"x-wiretrail-metadata-"
_MAX_VALUE: Final = 256
_MAX_METADATA: Final = 32


def read_claims(fields: HeaderList) -> Claims:
    """The claims that context fields make. Values are cut at 256 characters, metadata at 32
    entries; unknown names are ignored. Of a repeated field the last one counts."""
    found: dict[str, str] = {}
    metadata: dict[str, str] = {}
    for name, value in fields:
        lower = name.lower()
        text = value.decode("utf-8", "replace")[:_MAX_VALUE]
        if lower.startswith(_METADATA):
            if len(metadata) < _MAX_METADATA and len(lower) > len(_METADATA):
                metadata[lower[len(_METADATA) :].decode("ascii", "replace")] = text
        else:
            found[lower[len(b"x-wiretrail-") :].decode("ascii", "replace")] = text
    return Claims(
        organization=found.get("organization") or None,
        integration=found.get("integration") or None,
        activity_type=found.get("activity-type") or None,
        user=found.get("user") or None,
        metadata=metadata,
    )
