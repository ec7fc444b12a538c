import httpx
import pytest

from store.activity import Status
from store.times import uuid_text
from store.tokens import Right
from tests.support.api_world import NOW, World, row

LIST = "/api/v1/activities"


async def test_a_list_is_newest_first_without_headers_and_bodies(
    world: World, client: httpx.AsyncClient
) -> None:
    rows = [row(created_at=NOW - 1000 * n, path=f"/{n}") for n in range(3)]
    world.write(*rows)
    answer = (await client.get(LIST)).json()
    assert [item["path"] for item in answer["items"]] == ["/0", "/1", "/2"]
    assert answer["next"] is None
    for item in answer["items"]:
        assert item["request_headers"] is item["request_body"] is item["response_body"] is None
        assert not item["bodies_withheld"]


async def test_pages_stay_as_they_are_while_activities_arrive(
    world: World, client: httpx.AsyncClient
) -> None:
    world.write(*(row(created_at=NOW - 1000 * n, path=f"/{n}") for n in range(10)))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(LIST, params={"limit": "3", **cursor})).json()
        seen += [item["path"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
        world.write(row(created_at=NOW, path="/new"))
    assert seen == [f"/{n}" for n in range(10)]


async def test_one_activity_comes_in_full(world: World, client: httpx.AsyncClient) -> None:
    one = row(status=Status.FAILED, response_status=503, request_body='{"n": [1, 2]}')
    world.write(one)
    answer = await client.get(f"{LIST}/{uuid_text(one.id)}")
    shown = answer.json()
    assert shown["request_body"] == {"n": [1, 2]}
    assert shown["response_headers"] == {"Content-Type": "application/json"}
    assert (shown["status"], shown["response_status"]) == ("failed", 503)
    assert shown["endpoint"] == "https://api.example.com/v1/things/7"
    assert answer.headers["cache-control"] == "no-store"


async def test_without_the_right_bodies_are_withheld(
    world: World, anyone: httpx.AsyncClient
) -> None:
    one = row()
    world.write(one)
    token = world.token(Right.READ)
    shown = (
        await anyone.get(
            f"{LIST}/{uuid_text(one.id)}", headers={"Authorization": f"Bearer {token}"}
        )
    ).json()
    assert shown["bodies_withheld"] is True
    for name in ("request_headers", "request_body", "response_headers", "response_body"):
        assert shown[name] is None


@pytest.mark.parametrize(
    "name",
    ["01a207ac-705b-7099-8000-000000000000", "7", "..%2f", "%00", "0" * 32, "f" * 32, "é"],
)
async def test_what_is_not_there_is_404(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"{LIST}/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_filters_narrow(world: World, client: httpx.AsyncClient) -> None:
    world.write(
        row(path="/a", method="GET"),
        row(path="/b", status=Status.ERROR, error_code="dns", response_status=None),
        row(path="/c", integration="stripe", response_status=503, status=Status.FAILED),
    )

    async def paths(**params: str | list[str]) -> set[str]:
        answer = await client.get(LIST, params=params)
        assert answer.status_code == 200, answer.text
        return {item["path"] for item in answer.json()["items"]}

    assert await paths(method="GET") == {"/a"}
    assert await paths(status=["error", "failed"]) == {"/b", "/c"}
    assert await paths(response_status="5xx") == {"/c"}
    assert await paths(integration="stripe", status="error") == set()
    assert await paths(q="error_code:dns") == {"/b"}
    assert await paths(since="30s") == set()
    assert await paths(since="2m", until="30s") == {"/a", "/b", "/c"}


@pytest.mark.parametrize(
    ("query", "parameter", "says"),
    [
        ("statos=error", "statos", "did you mean status?"),
        ("token=abc", "token", "unknown parameter"),
        ("status=broken", "status", "is none of"),
        ("limit=0", "limit", "from 1 to 1000"),
        ("limit=1001", "limit", "from 1 to 1000"),
        ("limit=1e2", "limit", "'1e2' is no whole number from 1 to 1000"),
        ("limit=٣", "limit", "from 1 to 1000"),
        ("limit=" + "9" * 5000, "limit", "from 1 to 1000"),
        ("limit=1&limit=2", "limit", "once"),
        ("cursor=nonsense", "cursor", "is not a cursor"),
        ("since=yesterday", "since", "expected RFC 3339"),
        ("min_ms=fast", "min_ms", "milliseconds"),
        ("status=", "status", ""),
        ("q=statsu:error", "q", "did you mean status?"),
    ],
)
async def test_what_cannot_be_understood_is_named(
    client: httpx.AsyncClient, query: str, parameter: str, says: str
) -> None:
    answer = await client.get(f"{LIST}?{query}")
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["parameter"] == parameter
    assert says in problem["detail"]


async def test_head_is_get_without_the_body(world: World, client: httpx.AsyncClient) -> None:
    world.write(row())
    get, head = await client.get(LIST), await client.head(LIST)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"]


async def test_who_may_not_see_bodies_cannot_search_them(
    world: World, client: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    world.write(row(request_body='{"instrument": "xylophone"}'))
    search = {"q": "xylophone"}
    assert len((await client.get(LIST, params=search)).json()["items"]) == 1
    headers = {"Authorization": f"Bearer {world.token(Right.READ)}"}
    for path in (LIST, "/api/v1/activities/export"):
        answer = await anyone.get(path, params=search, headers=headers)
        assert answer.status_code == 200
        assert "created_at" not in answer.text
    facets = await anyone.get("/api/v1/facets", params=search, headers=headers)
    assert not any(facets.json().values())
