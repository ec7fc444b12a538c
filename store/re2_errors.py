"""What RE2 says is wrong with an expression."""


def reason_of(error: Exception) -> str:
    """The text of an `re2.error`, which comes as bytes."""
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
