"""The vendor's own walkthrough as the script that people make of it: `requests`, one file after the other.

Authenticate; for each file upload, ask for the status until it is `completedsuccessfully`, then fetch
feedback and tableofresultids. It is kinder than most such scripts: the connection is kept (a Session), and
it asks every half second, half of the profile's usual job time; with a second in between it is slower.
"""

from __future__ import annotations

import base64
import os
import sys
import time
from pathlib import Path
from urllib.parse import quote

import requests

from tests.bench.remote import KEY, SECRET

POLL = 0.5
"""Seconds between two questions for the status."""

_TIMEOUT = 30


def carry(base_url: str, token_url: str, client_id: str, folder: Path) -> None:
    session = requests.Session()
    pair = f"{client_id}:{quote(os.environ[SECRET], safe='')}"
    answer = session.post(
        token_url,
        data={"grant_type": "client_credentials", "scope": "platform_upload_api"},
        headers={"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"},
        timeout=_TIMEOUT,
    )
    answer.raise_for_status()
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    for file in sorted(folder.glob("*.csv")):
        body = {
            "Name": file.stem,
            "Data": file.read_text(),
            "Key": os.environ[KEY],
            "Username": client_id,
            "Overwrite": "false",
        }
        answer = session.post(f"{base_url}/api/UploadData", json=body, timeout=_TIMEOUT)
        answer.raise_for_status()
        token = answer.text
        while _result(session, base_url, token, "status") != "completedsuccessfully":
            time.sleep(POLL)
        _result(session, base_url, token, "feedback")
        _result(session, base_url, token, "tableofresultids")


def _result(session: requests.Session, base_url: str, token: str, data_key: str) -> str:
    query = {"token": token, "key": os.environ[KEY], "dataKey": data_key}
    answer = session.get(f"{base_url}/api/GetResults", params=query, timeout=_TIMEOUT)
    answer.raise_for_status()
    return answer.text


if __name__ == "__main__":
    _, base_url, token_url, client_id, folder = sys.argv
    carry(base_url, token_url, client_id, Path(folder))
