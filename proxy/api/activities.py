"""Reading the log: lists and single activities."""

from proxy.api.endpoint import PREFIX, Call, Endpoint, Parameter
from proxy.api.parameters import CURSOR, FILTERS, limit
from proxy.api.problem import ProblemError
from store.activity import Activity
from store.backend import Page
from store.times import uuid_bytes

TAG = "activities"
DEFAULT_LIMIT = 50
MAX_LIMIT = 1000
ID = Parameter(
    "id",
    "the activity's UUID",
    {"type": "string", "format": "uuid"},
    where="path",
    required=True,
)


async def list_activities(call: Call) -> Page:
    """Activities that every filter fits, newest first, without headers and bodies. `next` is the
    cursor of the page after it; pages stay as they are while new activities arrive. Where a search
    for words takes longer than two seconds a page is short, or empty, with a `next` to look on
    from; `search.index` in the configuration makes it fast."""
    return await call.services.reader.page(
        call.scope,
        call.filter(),
        cursor=call.one("cursor"),
        limit=call.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT),
    )


async def show_activity(call: Call) -> Activity:
    """One activity in full. Without the right `bodies` headers and bodies are null and
    `bodies_withheld` is true."""
    identifier = call.path("id")
    found = None
    if uuid_bytes(identifier) is not None:
        found = await call.services.reader.one(call.scope, identifier)
    if found is None:
        raise not_found()
    return found


def not_found() -> ProblemError:
    """Whether it is another organization's or nobody's is not told."""
    return ProblemError(404, "there is no such activity", parameter="id")


LIST = Endpoint(
    "GET",
    f"{PREFIX}/activities",
    list_activities,
    "List activities",
    TAG,
    parameters=(*FILTERS, CURSOR, limit(DEFAULT_LIMIT, MAX_LIMIT)),
    answer=Page,
)
SHOW = Endpoint(
    "GET",
    f"{PREFIX}/activities/{{id}}",
    show_activity,
    "One activity",
    TAG,
    parameters=(ID,),
    answer=Activity,
    problems=(404,),
)
