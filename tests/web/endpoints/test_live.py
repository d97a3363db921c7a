"""The WebSocket that pages listen to: the same events as the stream, on both hosts, behind the same doors."""

from __future__ import annotations

import asyncio
import json

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

import aspara


def address(site, path: str = "api/projects/p/live") -> str:
    return "ws" + site.base.removeprefix("http") + path


def open_(site, **headers: str):
    return websocket_connect(HTTPRequest(address(site), headers={**site.headers, **headers}))


async def told(link, done, question: dict | None) -> tuple[list[dict], str]:
    """Events until `done`, and the cursor of the last message."""
    events: list[dict] = []
    if question is not None:
        await link.write_message(json.dumps(question))
    while True:
        text = await asyncio.wait_for(link.read_message(), 20)
        assert text is not None, f"{link.close_code} {link.close_reason}"
        message = json.loads(text)
        events += message["events"]
        if done(events):
            return events, message["cursor"]


def values(events: list[dict]) -> list[float]:
    return [e["data"]["metrics"]["a"] for e in events if e["kind"] == "metric"]


def test_a_socket_tells_of_points_and_ends_and_goes_on_from_a_cursor(site):
    """Nothing twice, nothing missed."""
    run = aspara.Run("r", "p")
    run.log({"a": 1.0})
    cursor = site.json("api/projects/p/metrics")["cursor"]

    async def first() -> tuple[list[dict], str]:
        link = await open_(site)
        await link.write_message(json.dumps({"cursor": cursor, "runs": ["r"], "since": None}))
        run.log({"a": 2.0})
        found = await told(link, lambda e: len(values(e)) == 1, None)
        link.close()
        return found

    events, after = asyncio.run(first())
    assert [2.0] == values(events)
    run.log({"a": 3.0})
    run.finish()

    async def second() -> list[dict]:
        link = await open_(site)
        events, _ = await told(
            link, lambda e: any(k["kind"] == "status" for k in e) and len(values(e)) == 1, {"cursor": after}
        )
        link.close()
        return events

    assert [3.0] == values(asyncio.run(second()))


@pytest.mark.parametrize("question", ["no json", "[1]", '{"cursor": "nonsense"}', '{"runs": "r"}', '{"since": "x"}'])
def test_a_question_that_is_none_is_answered_with_the_end(site, question):
    """Code 1008 and a reason; the server goes on."""
    aspara.Run("r", "p").finish()

    async def ask() -> int | None:
        link = await open_(site)
        await link.write_message(question)
        assert await asyncio.wait_for(link.read_message(), 20) is None
        return link.close_code

    assert 1008 == asyncio.run(ask())
    assert "ok" == site.json("api/health")["status"]


def test_a_page_of_another_site_and_one_without_a_login_hear_nothing(site):
    """The socket has the doors of the rest."""

    async def ask(**headers: str) -> int:
        with pytest.raises(HTTPClientError) as refused:
            await open_(site, **headers)
        return refused.value.code

    # A token in the header proves that no foreign page asks; Jupyter lets it pass for that reason.
    if site.kind == "standalone":
        assert 403 == asyncio.run(ask(Origin="http://evil.example"))
    else:
        assert asyncio.run(ask(Authorization="token wrong")) in (401, 403)
    assert 400 == site.get("api/projects/p/live").status_code
