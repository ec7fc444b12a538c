import httpx
import pytest

from store.tokens import Right
from tests.support.api_world import NOW, World

TOKENS = "/api/v1/tokens"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_token_is_made_used_listed_and_revoked(client: httpx.AsyncClient) -> None:
    made = await client.post(
        TOKENS, json={"name": "ci", "rights": ["read"], "expires_at": "2027-01-01T00:00:00Z"}
    )
    assert made.status_code == 201
    token, text = made.json()["token"], made.json()["text"]
    assert token["expires_at"] == "2027-01-01T00:00:00.000Z"
    assert token["organizations"] is None
    assert (await client.get("/api/v1/session", headers=bearer(text))).json()["name"] == "ci"
    listed = (await client.get(TOKENS)).json()
    assert listed["next"] is None
    assert token in listed["items"]
    assert text not in str(listed)
    assert (await client.delete(f"{TOKENS}/{token['id']}")).status_code == 204
    assert (await client.get("/api/v1/session", headers=bearer(text))).status_code == 401
    assert (await client.delete(f"{TOKENS}/{token['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"rights": ["read"]}, 201),
        ({"rights": ["read"], "organizations": ["acme"]}, 201),
        ({"rights": ["read"], "organizations": None}, 403),
        ({"rights": ["read"], "organizations": ["rival"]}, 403),
        ({"rights": ["read"], "organizations": ["acme", "rival"]}, 403),
        ({"rights": ["read", "bodies"]}, 403),
        ({"rights": []}, 422),
        ({"rights": ["root"]}, 422),
        ({"rights": ["read"], "organizations": []}, 422),
        ({"rights": ["read"], "expires_at": "2020-01-01T00:00:00Z"}, 422),
        ({"rights": ["read"], "expires_at": "2027-01-01T00:00:00"}, 422),
        ({"rights": ["read"], "name": "a\u0007"}, 422),
    ],
)
async def test_nobody_gives_more_than_they_have(
    world: World, anyone: httpx.AsyncClient, wish: dict[str, object], status: int
) -> None:
    own = world.token(Right.READ, Right.ADMIN, organizations=["acme"])
    answer = await anyone.post(TOKENS, json={"name": "t", **wish}, headers=bearer(own))
    assert answer.status_code == status, answer.text
    if status == 201:
        assert answer.json()["token"]["organizations"] == ["acme"]


async def test_wider_and_foreign_tokens_are_not_there(
    world: World, anyone: httpx.AsyncClient
) -> None:
    own = world.token(Right.ADMIN, organizations=["acme"])
    foreign = world.tokens.create("rival", [Right.READ], ["rival"], now=NOW)[0]
    wider = world.tokens.create("both", [Right.READ], ["acme", "rival"], now=NOW)[0]
    service = world.tokens.create("service", [Right.READ], None, now=NOW)[0]
    listed = (await anyone.get(TOKENS, headers=bearer(own))).json()["items"]
    assert {one["name"] for one in listed} == {"test"}
    for token in (foreign, wider, service):
        answer = await anyone.delete(f"{TOKENS}/{token.id}", headers=bearer(own))
        assert answer.status_code == 404
    assert len(world.tokens.tokens(now=NOW)) == 4


async def test_a_session_administers_from_its_own_page(
    world: World, anyone: httpx.AsyncClient
) -> None:
    origin = {"Origin": str(anyone.base_url).rstrip("/")}
    await anyone.post("/api/v1/session", json={"token": world.token()}, headers=origin)
    wish = {"name": "t", "rights": ["read"]}
    assert (await anyone.post(TOKENS, json=wish, headers=origin)).status_code == 201
    assert (await anyone.post(TOKENS, json=wish)).status_code == 403
