"""Device sync with Golioth's REST API: list, create, update, delete."""

import sys

import httpx

project = "/v1/projects/fleet"
with httpx.Client(base_url="https://api.golioth.io", headers={"x-api-key": sys.argv[1]}) as api:
    api.get(project).raise_for_status()
    api.get(f"{project}/devices", params={"page": 0}).raise_for_status()
    api.post(f"{project}/devices", json={"name": "kitchen"}).raise_for_status()
    api.patch(f"{project}/devices/68bf1cc5425dd2ea93f248a3", json={"name": "x"}).raise_for_status()
    api.delete(f"{project}/devices/68bf1cc5425dd2ea93f248a3").raise_for_status()
