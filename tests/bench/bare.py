"""The least that can carry a folder to the Platform with aiohttp: no checks, ledger, retries, output.

One token; then 16 workers, each of which reads a file, uploads it as JSON, asks for its status and fetches
the two results. It is what the overhead of `run` is measured against. `durable.py` is the same loop with a record.
"""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import aiohttp

from tests.bench.remote import KEY, SECRET

WORKERS = 16
SUCCESS = "completedsuccessfully"

Record = Callable[[str, str, Sequence[str]], Awaitable[None]]
"""Told of every file what is about to be sent, the token, and the results: (name, token, texts)."""


async def forget(_name: str, _token: str, _texts: Sequence[str]) -> None:
    """What the bare loop does about its files."""


async def carry(
    base_url: str,
    token_url: str,
    client_id: str,
    paths: list[Path],
    record: Record = forget,
    *,
    fresh: bool = False,
) -> None:
    """*fresh*: every upload has a connection of its own, as one that may not be repeated needs it."""
    async with (
        aiohttp.ClientSession() as session,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as closing,
    ):
        pair = f"{quote(client_id, safe='')}:{quote(os.environ[SECRET], safe='')}"
        async with session.post(
            token_url,
            data={"grant_type": "client_credentials", "scope": "platform_upload_api"},
            headers={"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"},
            raise_for_status=True,
        ) as answer:
            bearer = (await answer.json())["access_token"]
        headers = {"Authorization": f"Bearer {bearer}"}
        files = iter(paths)
        async with asyncio.TaskGroup() as workers:
            for _ in range(WORKERS):
                workers.create_task(
                    _work(session, closing if fresh else session, base_url, client_id, headers, files, record)
                )


async def _work(
    session: aiohttp.ClientSession,
    uploads: aiohttp.ClientSession,
    base_url: str,
    client_id: str,
    headers: dict[str, str],
    files: Iterator[Path],
    record: Record,
) -> None:
    key = os.environ[KEY]
    for file in files:
        data = file.read_text()
        await record(file.stem, "", (data,))
        body = {
            "Name": file.stem,
            "Data": data,
            "Username": client_id,
            "Key": key,
            "Overwrite": "false",
        }
        url = f"{base_url}/api/UploadData"
        async with uploads.post(url, json=body, headers=headers, raise_for_status=True) as answer:
            token = await answer.text()
        await record(file.stem, token, ())
        results = []
        for data_key in ("status", "feedback", "tableofresultids"):
            url = f"{base_url}/api/GetResults?token={token}&key={key}&dataKey={data_key}"
            async with session.get(url, headers=headers, raise_for_status=True) as answer:
                text = await answer.text()
            if data_key == "status" and text != SUCCESS:
                raise SystemExit(f"the null profile is expected to be done at once, and says {text!r}")
            results.append(text)
        await record(file.stem, token, results[1:])


if __name__ == "__main__":
    _, base_url, token_url, client_id, folder = sys.argv
    asyncio.run(carry(base_url, token_url, client_id, sorted(Path(folder).iterdir())))
