"""What is counted and sent along, where neither timeouts nor faults matter: mocked answers suffice."""

from __future__ import annotations

from pathlib import Path

from aioresponses import CallbackResult, aioresponses

from orchestrator.edges.http import Kind, open_http

URL = "https://api.example.com/api/UploadData"


async def test_requests_are_counted_by_what_they_are_for(tmp_path: Path) -> None:
    with aioresponses() as remote:
        remote.get(URL, body="queued", headers={"Content-Length": "6"}, repeat=True)
        remote.post(URL, body="taken", headers={"Content-Length": "5"})
        async with open_http(tmp_path) as http:
            for _ in range(3):
                await http.call(Kind.POLL, "GET", URL, headers={})
            await http.call(Kind.UPLOAD, "POST", URL, headers={}, data=b"{}")

    assert http.counts == {Kind.POLL: 3, Kind.UPLOAD: 1}


async def test_the_query_goes_to_the_remote_as_it_was_made(tmp_path: Path) -> None:
    seen: list[str] = []

    def answer(url: object, **_: object) -> CallbackResult:
        seen.append(str(url))
        return CallbackResult(body="queued", headers={"Content-Length": "6"})

    with aioresponses() as remote:
        remote.get(f"{URL}?key=a%2Bb", callback=answer)
        async with open_http(tmp_path) as http:
            answered = await http.call(Kind.POLL, "GET", f"{URL}?key=a%2Bb", headers={})

    assert answered.text == "queued"
    assert seen == [f"{URL}?key=a%2Bb"]
