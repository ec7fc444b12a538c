"""Real HTTP clients through the sidecar: each call leaves exactly one correct row."""

import asyncio
import json
import os
import shutil
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.conftest import PARTNER_HOST, Loopback
from tests.support.sidecar import Sidecar

SECRET = "canary" + "-0f9a8b7c6d5e"
PAYLOAD = {"name": "thermostat", "password": SECRET}

type Call = Callable[[Sidecar, str, Path], None]


def run(command: list[str], sidecar: Sidecar, **options: Any) -> str:
    done = subprocess.run(
        command,
        env=os.environ | sidecar.proxy_env(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_curl(sidecar: Sidecar, url: str, folder: Path) -> None:
    answer = run(
        [
            *("curl", "--silent", "--fail", "--user-agent", "client-curl"),
            *("--json", json.dumps(PAYLOAD)),
            *("--header", f"Authorization: Bearer {SECRET}"),
            url,
        ],
        sidecar,
    )
    assert json.loads(answer)["method"] == "POST"


PYTHON_REQUESTS = """
import json, sys, requests
answer = requests.post(sys.argv[1], json=json.loads(sys.argv[2]), timeout=10, headers={
    "User-Agent": "client-requests", "Authorization": "Bearer " + sys.argv[3]})
assert answer.json()["method"] == "POST", answer.text
"""


def by_requests(sidecar: Sidecar, url: str, folder: Path) -> None:
    command = [sys.executable, "-c", PYTHON_REQUESTS, url, json.dumps(PAYLOAD), SECRET]
    run(command, sidecar)


def by_urllib(sidecar: Sidecar, url: str, folder: Path) -> None:
    context = ssl.create_default_context(cafile=str(sidecar.ca))
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"https": sidecar.proxy}),
        urllib.request.HTTPSHandler(context=context),
    )
    request = urllib.request.Request(
        url,
        data=json.dumps(PAYLOAD).encode(),
        headers={
            "User-Agent": "client-urllib",
            "Content-Type": "application/json",
            "Authorization": f"Bearer {SECRET}",
        },
    )
    with opener.open(request, timeout=10) as answer:
        assert json.load(answer)["method"] == "POST"


def headers(name: str) -> dict[str, str]:
    return {"User-Agent": f"client-{name}", "Authorization": f"Bearer {SECRET}"}


def by_httpx(sidecar: Sidecar, url: str, folder: Path) -> None:
    context = ssl.create_default_context(cafile=str(sidecar.ca))
    with httpx.Client(proxy=sidecar.proxy, verify=context) as client:
        answer = client.post(url, json=PAYLOAD, headers=headers("httpx"))
    assert answer.json()["method"] == "POST"


def by_httpx_async(sidecar: Sidecar, url: str, folder: Path) -> None:
    async def call() -> httpx.Response:
        context = ssl.create_default_context(cafile=str(sidecar.ca))
        async with httpx.AsyncClient(proxy=sidecar.proxy, verify=context) as client:
            return await client.post(url, json=PAYLOAD, headers=headers("httpx_async"))

    assert asyncio.run(call()).json()["method"] == "POST"


NODE_UNDICI = """
import { ProxyAgent, fetch } from "undici";
const [url, payload, secret] = process.argv.slice(2);
const answer = await fetch(url, {
  method: "POST", body: payload,
  dispatcher: new ProxyAgent(process.env.HTTPS_PROXY),
  headers: {"User-Agent": "client-undici", "Content-Type": "application/json",
            "Authorization": `Bearer ${secret}`},
});
if ((await answer.json()).method !== "POST") process.exit(1);
process.exit(0);
"""
NODE_AGENT = """
import https from "node:https";
import { HttpsProxyAgent } from "https-proxy-agent";
const [url, payload, secret] = process.argv.slice(2);
const request = https.request(url, {
  method: "POST", agent: new HttpsProxyAgent(process.env.HTTPS_PROXY),
  headers: {"User-Agent": "client-https-proxy-agent", "Content-Type": "application/json",
            "Authorization": `Bearer ${secret}`},
}, (answer) => {
  let text = "";
  answer.on("data", (part) => { text += part; });
  answer.on("end", () => process.exit(JSON.parse(text).method === "POST" ? 0 : 1));
});
request.end(payload);
"""


def node_package(folder: Path, package: str) -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    done = subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", package],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"npm cannot install {package}")


def by_node(script: str, package: str) -> Call:
    def call(sidecar: Sidecar, url: str, folder: Path) -> None:
        node_package(folder, package)
        (folder / "call.mjs").write_text(script)
        run(["node", "call.mjs", url, json.dumps(PAYLOAD), SECRET], sidecar, cwd=folder)

    return call


GO = """
package main

import (
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	request, _ := http.NewRequest("POST", os.Args[1], strings.NewReader(os.Args[2]))
	request.Header.Set("User-Agent", "client-go")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+os.Args[3])
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	body, _ := io.ReadAll(answer.Body)
	if !strings.Contains(string(body), "POST") {
		os.Exit(1)
	}
}
"""


def by_go(sidecar: Sidecar, url: str, folder: Path) -> None:
    if shutil.which("go") is None:
        pytest.skip("go is not installed")
    (folder / "call.go").write_text(GO)
    run(["go", "run", "call.go", url, json.dumps(PAYLOAD), SECRET], sidecar, cwd=folder)


CLIENTS: dict[str, Call] = {
    "curl": by_curl,
    "requests": by_requests,
    "urllib": by_urllib,
    "httpx": by_httpx,
    "httpx_async": by_httpx_async,
    "undici": by_node(NODE_UNDICI, "undici@6"),
    "https-proxy-agent": by_node(NODE_AGENT, "https-proxy-agent@7"),
    "go": by_go,
}


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_leaves_exactly_one_correct_row(
    name: str, loopback: Loopback, tmp_path: Path
) -> None:
    CLIENTS[name](loopback.sidecar, f"https://{PARTNER_HOST}/v1/things?client={name}", tmp_path)

    (row,) = loopback.sidecar.wait_for_rows(1, f"user_agent = 'client-{name}'")
    assert row["status"] == "success"
    assert row["direction"] == "outgoing"
    assert row["method"] == "POST"
    assert row["endpoint"] == f"https://{PARTNER_HOST}/v1/things?client={name}"
    assert row["response_status"] == 200
    assert row["activity_type"] == "api_call"
    sent = json.loads(row["request_body"])
    assert sent["name"] == "thermostat"
    assert sent["password"].startswith("[REDACTED")
    assert row["request_size"] == len(_as_sent(name))
    assert SECRET not in json.dumps(row)
    assert json.loads(row["response_body"])["target"] == f"/v1/things?client={name}"


def _as_sent(name: str) -> bytes:
    compact = name.startswith("httpx")
    text = json.dumps(PAYLOAD, separators=(",", ":")) if compact else json.dumps(PAYLOAD)
    return text.encode()


def test_a_webhook_leaves_one_incoming_row(loopback: Loopback) -> None:
    url = f"{loopback.webhook_url}/hooks/things"
    sent = {"type": "thing.created", "token": SECRET}
    assert httpx.post(url, json=sent, headers=headers("sender")).status_code == 200

    (row,) = loopback.sidecar.wait_for_rows(1, "user_agent = 'client-sender'")
    assert (row["direction"], row["activity_type"]) == ("incoming", "webhook_received")
    assert json.loads(row["metadata"])["event"] == "thing.created"
    assert SECRET not in json.dumps(row)
    assert json.loads(loopback.service.received[-1].body) == sent
