"""Entries that services log themselves, for what cannot pass a proxy (SMTP, MQTT, ...)."""

from uuid import UUID

import msgspec
from starlette.responses import Response

from proxy.api.activities import ID, TAG, not_found
from proxy.api.dispatch import json_response
from proxy.api.endpoint import PREFIX, Call, Endpoint
from proxy.api.problem import ProblemError
from store.activity import Activity, Status
from store.log_entry import LISTENER, LogCompletion, LogEntry, named_organization
from store.times import uuid_bytes, uuid_text
from store.tokens import Right


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The row is committed."""

    id: str


async def log_activity(call: Call) -> Response:
    """Logs an activity: started, to be completed later, or complete at once. It is checked,
    classified and redacted like traffic of the proxy, and committed before the answer. Without
    an organization it belongs to the token's only one, or to the default organization."""
    submit = call.services.submit_entry
    if submit is None:
        raise _only_reads()
    entry: LogEntry = call.body
    identifier = uuid_text(await submit(entry, _organization(call, entry)))
    response = json_response(Kept(id=identifier), 201)
    response.headers["Location"] = f"{PREFIX}/activities/{identifier}"
    return response


async def complete_activity(call: Call) -> Kept:
    """Completes an activity that was logged as started. What its end reveals to be secret is cut
    in its start, too."""
    complete = call.services.complete_entry
    if complete is None:
        raise _only_reads()
    identifier = uuid_bytes(call.path("id"))
    started = None
    if identifier is not None:
        started = await call.services.reader.one(call.scope, call.path("id"))
    if identifier is None or started is None:
        raise not_found()
    _check_open(started)
    if not await complete(identifier, call.body, call.scope):
        raise not_found()
    return Kept(id=started.id)


def _check_open(started: Activity) -> None:
    if (started.metadata or {}).get("listener") != LISTENER:
        raise ProblemError(409, "the proxy recorded this activity, and completes it itself")
    if started.status is not Status.STARTED:
        raise ProblemError(409, f"the activity has ended already: {started.status}")


def _organization(call: Call, entry: LogEntry) -> UUID:
    own = call.caller.organizations
    name = named_organization(entry)
    if name is None and own is not None:
        if len(own) > 1:
            raise ProblemError(
                422, f"name one of the token's: {', '.join(own)}", parameter="organization"
            )
        name = own[0]
    ids = call.services.tokens.organization_ids([name or call.services.default_organization])
    assert ids is not None
    (organization,) = ids
    if not call.scope.allows(organization):
        raise ProblemError(403, "the token is not for this organization", parameter="organization")
    return organization


def _only_reads() -> ProblemError:
    return ProblemError(501, "this server only reads; ask the one that records")


ENDPOINTS = (
    Endpoint(
        "POST",
        f"{PREFIX}/activities",
        log_activity,
        "Log an activity",
        TAG,
        right=Right.WRITE,
        body=LogEntry,
        answer=Kept,
        status=201,
        problems=(501,),
    ),
    Endpoint(
        "PATCH",
        f"{PREFIX}/activities/{{id}}",
        complete_activity,
        "Complete an activity",
        TAG,
        right=Right.WRITE,
        parameters=(ID,),
        body=LogCompletion,
        answer=Kept,
        problems=(404, 409, 501),
    ),
)
