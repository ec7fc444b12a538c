"""Applies today's rules of redaction to stored rows: `wiretrail redact --replay`."""

import sys

from proxy.cli.errors import CommandError
from proxy.cli.terminal import note, say, say_json
from proxy.config import Config, data_folder, store_address, store_options
from proxy.running import running
from store.errors import StoreLocked
from store.open_store import open_writer
from store.redaction.redactor import Redactor
from store.replay import Rewriter, replayed


def replay(config: Config, key: bytes, *, everything: bool, as_json: bool) -> int:
    """Redact anew what older rules have redacted (or everything); prints how many rows changed.

    Raises:
        CommandError: there is no store, or somebody else owns it.
    """
    path = data_folder(config).activity_db
    if config.store is None and not path.exists():
        raise CommandError(f"there is no activity log at {path}; --data names another")
    redactor = Redactor(key, config.redaction)
    try:
        writer = open_writer(store_address(config), store_options(config))
    except StoreLocked:
        sidecar = running(data_folder(config))
        owner = f"the sidecar (process {sidecar.pid})" if sidecar else "another process"
        raise CommandError(f"{owner} owns the store; stop it before") from None
    try:
        if not isinstance(writer, Rewriter):
            raise CommandError("rows of this kind of store cannot be redacted anew")
        looked_at, changed = _replay(writer, redactor, everything=everything)
        if changed:
            while writer.forget_dictionaries():
                pass
    finally:
        writer.close()
    figures = {"looked_at": looked_at, "changed": changed, "rule_version": redactor.rule_version}
    if as_json:
        say_json(figures)
    else:
        say(f"{changed} of {looked_at} rows changed (rules of version {redactor.rule_version})")
    return 0


def _replay(writer: Rewriter, redactor: Redactor, *, everything: bool) -> tuple[int, int]:
    looked_at = changed = 0
    after: int | None = None
    while True:
        step = writer.rewrite(
            lambda activity: replayed(activity, redactor),
            redactor.rule_version,
            everything=everything,
            after=after,
        )
        looked_at, changed = looked_at + step.looked_at, changed + step.changed
        if step.last is None:
            return looked_at, changed
        after = step.last
        if sys.stderr.isatty():
            note(f"{looked_at} rows ...")
