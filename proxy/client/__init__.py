"""Logs activities that cannot pass a proxy (SMTP, MQTT, queues) with a Wiretrail API.

    from wiretrail.client import log_activity_start, log_activity_complete

    activity = log_activity_start(
        method="SEND", endpoint="smtp://mail.example.com:587/", activity_type="notification_email"
    )
    ...
    log_activity_complete(activity, status="success")

The same functions as coroutines are in `wiretrail.client.aio`. Address and token come from
`WIRETRAIL_SERVER` and `WIRETRAIL_TOKEN` or `WIRETRAIL_TOKEN_FILE`. What goes wrong is logged as a
warning and never raised into the service, unless an `ActivityLog` with `raise_errors=True` is used.
"""

from .activity_log import (
    ActivityLog,
    WiretrailError,
    log_activity_complete,
    log_activity_complete_full,
    log_activity_start,
)
from .fields import ActivityFields, CompletionFields
from .request import get_ip_address, sanitize_headers

__all__ = [
    "ActivityFields",
    "ActivityLog",
    "CompletionFields",
    "WiretrailError",
    "get_ip_address",
    "log_activity_complete",
    "log_activity_complete_full",
    "log_activity_start",
    "sanitize_headers",
]
