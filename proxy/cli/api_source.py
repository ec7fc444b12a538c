"""Reads through the API of a sidecar, by HTTP."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType
from typing import Any, Final, Self

import httpx
import msgspec

from proxy.cli.errors import CommandError, UsageError
from proxy.cli.source import Params
from store.activity import Activity
from store.backend import Page

_PREFIX: Final = "/api/v1"
_RECONNECT_SECONDS: Final = 1.0


class _Problem(msgspec.Struct):
    title: str = ""
    detail: str = ""
    parameter: str | None = None


class _FullActivity(Activity, kw_only=True):
    """msgspec decodes `Raw`, but not `Raw | None`."""

    request_body: msgspec.Raw = msgspec.Raw(b"null")
    response_body: msgspec.Raw = msgspec.Raw(b"null")


class ApiSource:
    """One API and the token for it."""

    def __init__(self, url: str, token: str) -> None:
        """Raises `UsageError` when `url` is none."""
        try:
            parsed = httpx.URL(url.rstrip("/"))
        except httpx.InvalidURL:
            parsed = httpx.URL("")
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise UsageError(f'--server: expected a URL such as "http://127.0.0.1:8090", got {url}')
        self._url = str(parsed)
        # The sidecar's own API is not to be called through the sidecar's proxy.
        self._client = httpx.AsyncClient(
            base_url=self._url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(10, read=60),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def page(self, params: Params, *, cursor: str | None, limit: int) -> Page:
        """One page of a list, newest first."""
        paging = {"limit": [str(limit)]} | ({"cursor": [cursor]} if cursor else {})
        return self._decoded(await self.get("/activities", {**params, **paging}), Page)

    async def one(self, identifier: str) -> Activity | None:
        """One activity in full."""
        answer = await self._send("GET", f"/activities/{identifier}")
        if answer.status_code == 404:
            return None
        return self._decoded(self._checked(answer), _FullActivity)

    async def follow(self, params: Params) -> AsyncGenerator[Activity]:
        """Activities from now on; a broken connection is made again where it ended."""
        position: str | None = None
        while True:
            headers = {} if position is None else {"Last-Event-ID": position}
            try:
                async with self._client.stream(
                    "GET", f"{_PREFIX}/activities/stream", params=dict(params), headers=headers
                ) as answer:
                    if not answer.is_success:
                        await answer.aread()
                        self._checked(answer)
                    async for event, data in _events(answer.aiter_lines()):
                        position = event or position
                        if data:
                            yield msgspec.json.decode(data, type=Activity)
            except httpx.TransportError as error:
                if position is None:
                    raise self._unreachable(error) from None
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def export(self, params: Params, form: str) -> AsyncGenerator[bytes]:
        """The text of an export in pieces."""
        query = {**params, "format": [form]}
        try:
            async with self._client.stream(
                "GET", f"{_PREFIX}/activities/export", params=query
            ) as answer:
                if not answer.is_success:
                    await answer.aread()
                    self._checked(answer)
                async for piece in answer.aiter_bytes():
                    yield piece
        except httpx.TransportError as error:
            raise self._unreachable(error) from None

    async def summary(self, params: Params) -> list[dict[str, Any]]:
        """Rows of the daily summary."""
        items: list[dict[str, Any]] = json.loads((await self.get("/summary", params)).content)[
            "items"
        ]
        return items

    async def get(self, path: str, params: Params | None = None) -> httpx.Response:
        """The answer of a GET below `/api/v1`, known to be a good one."""
        return self._checked(await self._send("GET", path, params=params))

    async def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """The answer of another method, known to be a good one."""
        return self._checked(await self._send(method, path, body=body))

    async def delete(self, path: str) -> bool:
        """DELETE something; False when there is none."""
        answer = await self._send("DELETE", path)
        if answer.status_code == 404:
            return False
        self._checked(answer)
        return True

    async def _send(
        self, method: str, path: str, *, params: Params | None = None, body: Any = None
    ) -> httpx.Response:
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            return await self._client.request(
                method, _PREFIX + path, params=dict(params or {}), content=content, headers=headers
            )
        except httpx.TransportError as error:
            raise self._unreachable(error) from None

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        try:
            problem = msgspec.json.decode(answer.content, type=_Problem)
        except msgspec.MsgspecError:
            problem = _Problem()
        said = ": ".join(part for part in (problem.parameter, problem.detail) if part)
        text = f"{self._url} answered {answer.status_code} {said or problem.title}".strip()
        if answer.status_code == 401:
            text += "; is --token-file the one of this server?"
        raise UsageError(text) if answer.status_code == 422 else CommandError(text)

    def _decoded[T](self, answer: httpx.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError:
            raise CommandError(
                f"{self._url} does not answer as Wiretrail's API does; is --server right?"
            ) from None

    def _unreachable(self, error: httpx.TransportError) -> CommandError:
        reason = str(error) or type(error).__name__
        return CommandError(f"{self._url} cannot be reached: {reason}")


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str]]:
    """Id and data of each server-sent event (WHATWG HTML, 9.2.6)."""
    identifier = ""
    data: list[str] = []
    async for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            yield identifier, "\n".join(data)
            identifier, data = "", []
        elif field == "id":
            identifier = value
        elif field == "data":
            data.append(value)
