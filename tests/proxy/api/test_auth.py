"""Every way to ask, with and without the right to."""

import httpx
import pytest

from store.times import rfc3339
from store.tokens import Right
from tests.support.api_world import NOW, Server, World

LIST = "/api/v1/activities"
SESSION = "/api/v1/session"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wiretrail_0_0"},
        {"Authorization": "Basic d2lyZXRyYWls"},
        {"Cookie": "wiretrail-session=x"},
    ],
)
async def test_without_a_valid_token_it_is_401(
    anyone: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await anyone.get(LIST, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_token_in_the_address_is_no_token(world: World, anyone: httpx.AsyncClient) -> None:
    for name in ("token", "access_token", "authorization"):
        answer = await anyone.get(LIST, params={name: world.token()})
        assert answer.status_code == 401


async def test_the_scheme_is_case_insensitive(world: World, anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get(LIST, headers={"Authorization": f"bearer {world.token()}"})
    assert answer.status_code == 200


async def test_revocation_and_expiry_count_at_once(world: World, anyone: httpx.AsyncClient) -> None:
    token, text = world.tokens.create("t", [Right.READ], None, now=NOW)
    assert (await anyone.get(LIST, headers=bearer(text))).status_code == 200
    world.tokens.revoke(token.id)
    assert (await anyone.get(LIST, headers=bearer(text))).status_code == 401
    _, old = world.tokens.create("t", [Right.READ], None, now=NOW - 10, expires_at=NOW - 1)
    assert (await anyone.get(LIST, headers=bearer(old))).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("GET", LIST, Right.READ),
        ("GET", "/api/v1/activities/stream", Right.READ),
        ("POST", LIST, Right.WRITE),
        ("PATCH", LIST + "/0190163d-8694-739b-aea5-966c26f8ad91", Right.WRITE),
        ("POST", "/api/v1/integrations/slack/test-connection", Right.WRITE),
        ("GET", "/api/v1/tokens", Right.ADMIN),
        ("POST", "/api/v1/tokens", Right.ADMIN),
        ("DELETE", "/api/v1/tokens/x", Right.ADMIN),
        ("POST", "/api/v1/redact/dry-run", Right.ADMIN),
    ],
)
async def test_each_endpoint_needs_its_right(
    world: World, anyone: httpx.AsyncClient, method: str, path: str, right: Right
) -> None:
    others = [one for one in Right if one is not right]
    answer = await anyone.request(method, path, headers=bearer(world.token(*others)))
    assert answer.status_code == 403
    assert f"`{right}`" in answer.json()["detail"]


class TestSession:
    async def sign_in(self, anyone: httpx.AsyncClient, **secret: str) -> httpx.Response:
        return await anyone.post(SESSION, json=secret, headers={"Origin": str(anyone.base_url)})

    async def test_a_token_signs_in(self, world: World, anyone: httpx.AsyncClient) -> None:
        token = world.token(Right.READ, organizations=["acme"])
        answer = await self.sign_in(anyone, token=token)
        assert answer.status_code == 201
        assert answer.json() == {
            "name": "test",
            "rights": ["read"],
            "organizations": ["acme"],
            "expires_at": rfc3339(NOW + 12 * 3_600_000),
        }
        cookie = answer.headers["set-cookie"]
        for part in ("HttpOnly", "SameSite=strict", "Path=/api/", "Max-Age=43200"):
            assert part in cookie
        assert token not in cookie
        # The client keeps the cookie.
        assert (await anyone.get(LIST)).status_code == 200
        assert (await anyone.get(SESSION)).json()["rights"] == ["read"]
        assert (await anyone.get("/api/v1/tokens")).status_code == 403

    async def test_a_code_signs_in_once(self, world: World, anyone: httpx.AsyncClient) -> None:
        code = world.tokens.create_code(now=NOW)
        assert (await self.sign_in(anyone, code=code)).status_code == 201
        assert (await anyone.get("/api/v1/tokens")).status_code == 200
        anyone.cookies.clear()
        assert (await self.sign_in(anyone, code=code)).status_code == 401

    @pytest.mark.parametrize(
        "secret", [{}, {"token": "a", "code": "b"}, {"token": ""}, {"tokn": "a"}, {"token": 7}]
    )
    async def test_exactly_one_secret_is_expected(
        self, anyone: httpx.AsyncClient, secret: dict[str, str]
    ) -> None:
        assert (await anyone.post(SESSION, json=secret)).status_code == 422

    async def test_a_wrong_secret_is_401(self, anyone: httpx.AsyncClient) -> None:
        for secret in ({"token": "x"}, {"code": "x"}):
            answer = await anyone.post(SESSION, json=secret)
            assert answer.status_code == 401
            assert "set-cookie" not in answer.headers

    async def test_signing_out_ends_the_session_not_the_token(
        self, world: World, anyone: httpx.AsyncClient
    ) -> None:
        token = world.token(Right.READ)
        await self.sign_in(anyone, token=token)
        kept = dict(anyone.cookies)
        answer = await anyone.delete(SESSION, headers={"Origin": str(anyone.base_url)})
        assert answer.status_code == 204
        assert not anyone.cookies
        anyone.cookies.update(kept)
        assert (await anyone.get(LIST)).status_code == 401
        anyone.cookies.clear()
        assert (await anyone.get(LIST, headers=bearer(token))).status_code == 200

    async def test_revoking_the_token_ends_its_sessions(
        self, world: World, anyone: httpx.AsyncClient
    ) -> None:
        token, text = world.tokens.create("t", [Right.READ], None, now=NOW)
        await self.sign_in(anyone, token=text)
        world.tokens.revoke(token.id)
        assert (await anyone.get(LIST)).status_code == 401

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({}, 200),
            ({"Sec-Fetch-Site": "same-origin"}, 200),
            ({"Sec-Fetch-Site": "none"}, 200),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "null"}, 403),
        ],
    )
    async def test_reading_with_a_cookie_from_elsewhere_is_refused(
        self, world: World, anyone: httpx.AsyncClient, headers: dict[str, str], status: int
    ) -> None:
        await self.sign_in(anyone, token=world.token())
        assert (await anyone.get(LIST, headers=headers)).status_code == status

    @pytest.mark.parametrize(
        ("headers", "refused"),
        [
            ({}, True),
            ({"Sec-Fetch-Site": "none"}, True),
            ({"Sec-Fetch-Site": "same-site"}, True),
            ({"Origin": "http://127.0.0.1:1"}, True),
            ({"Origin": "null"}, True),
            ({"Sec-Fetch-Site": "same-origin"}, False),
            ({"Origin": "OWN"}, False),
            # A browser that contradicts itself is not believed.
            ({"Origin": "OWN", "Sec-Fetch-Site": "cross-site"}, True),
        ],
    )
    async def test_changing_with_a_cookie_needs_proof_of_origin(
        self, world: World, anyone: httpx.AsyncClient, headers: dict[str, str], refused: bool
    ) -> None:
        await self.sign_in(anyone, token=world.token())
        own = str(anyone.base_url).rstrip("/")
        sent = {name: value.replace("OWN", own) for name, value in headers.items()}
        answer = await anyone.delete("/api/v1/tokens/none", headers=sent)
        assert answer.status_code == (403 if refused else 404)

    async def test_another_site_cannot_sign_somebody_in(
        self, world: World, anyone: httpx.AsyncClient
    ) -> None:
        answer = await anyone.post(
            SESSION, json={"token": world.token()}, headers={"Origin": "http://evil.example"}
        )
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers

    async def test_a_cookie_value_is_no_bearer_token(
        self, world: World, anyone: httpx.AsyncClient, server: Server
    ) -> None:
        await self.sign_in(anyone, token=world.token())
        cookie = anyone.cookies[f"wiretrail-{server.port}"]
        anyone.cookies.clear()
        assert (await anyone.get(LIST, headers=bearer(cookie))).status_code == 401

    async def test_a_token_tells_its_rights(self, world: World, anyone: httpx.AsyncClient) -> None:
        token = world.token(Right.WRITE)
        answer = await anyone.get(SESSION, headers=bearer(token))
        assert answer.json()["rights"] == ["write"]
        assert answer.json()["organizations"] is None
