"""The WebSocket that says when the list of projects has changed, on both hosts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

import aspara

CHANGES = {"X-Requested-With": "test"}


def open_(site):
    return websocket_connect(HTTPRequest("ws" + site.base.removeprefix("http") + "api/live", headers=site.headers))


async def hears(site, link, shown: Callable[[dict[str, Any]], bool]) -> None:
    """Returns when a message came after which the list shows the project so."""
    while True:
        text = await asyncio.wait_for(link.read_message(), 20)
        assert text is not None, f"{link.close_code} {link.close_reason}"
        assert json.loads(text)["version"]
        listed = (await asyncio.to_thread(site.json, "api/projects"))["projects"]
        if any(shown(project) for project in listed if project["name"] == "new"):
            return


def test_pages_hear_of_new_projects_edits_and_ends(site):
    """Each of two listeners does, and who comes later learns at once what is so."""

    async def listen() -> None:
        links = [await open_(site), await open_(site)]
        run = await asyncio.to_thread(aspara.Run, "r", "new")
        for link in links:
            await hears(site, link, lambda project: project["running"] == 1)
        await asyncio.to_thread(run.finish)
        for link in links:
            await hears(site, link, lambda project: project["running"] == 0)
        changes = {"notes": "to be read"}
        await asyncio.to_thread(site.ask, "PUT", "api/projects/new/metadata", json=changes, headers=CHANGES)
        for link in (*links, await open_(site)):
            await hears(site, link, lambda project: project["notes"] == "to be read")
            link.close()

    asyncio.run(listen())


def test_it_has_the_doors_of_the_api(site):
    """Without an upgrade the address says where the list is."""
    answer = site.get("api/live")
    assert (400, True) == (answer.status_code, "api/projects" in answer.json()["detail"])
    site.headers = {"Origin": "http://evil.example"}

    async def ask() -> int:
        with pytest.raises(HTTPClientError) as refused:
            await open_(site)
        return refused.value.code

    assert asyncio.run(ask()) in (401, 403)
