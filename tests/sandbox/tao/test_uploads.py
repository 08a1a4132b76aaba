"""Uploads to TAO: the form to the letter, and what is recorded of the file."""

from __future__ import annotations

import hashlib

import pytest

from sandbox.tao.visitor import USERS, Visitor, visit
from sandbox.visitor import Seen

DISPOSITION = 'Content-Disposition: form-data; name="file"; filename="users.csv"'


async def send(visitor: Visitor, body: str, content_type: str = "multipart/form-data; boundary=x") -> Seen:
    headers = visitor.authorization | {"Content-Type": content_type}
    return await visitor.send("POST", "/api/v1/upload", data=body.encode(errors="surrogateescape"), headers=headers)


def form(*heads: str, content: str = USERS) -> str:
    return "".join(f"--x\r\n{head}\r\n\r\n{content}\r\n" for head in heads) + "--x--\r\n"


@pytest.mark.parametrize("path", ["/api/v1/upload", "/api/v1/upload/api/v1/upload"])
async def test_a_file_gets_a_reference_at_both_addresses(path: str) -> None:
    async with visit() as visitor:
        seen = await visitor.upload(path=path)
        result = seen.json["result"]
        (taken,) = visitor.sandbox.imports

        assert seen.status == 200
        assert result["message"] == f"File uploaded to import-csv/pending/{result['referenceId']}.csv"
        assert (taken.reference, taken.filename, taken.rows) == (result["referenceId"], "users.csv", 2)
        assert (
            visitor.last().items()
            >= {
                "name": "users.csv",
                "sha256": hashlib.sha256(USERS.encode()).hexdigest(),
                "rows": 2,
                "token": taken.reference,
                "status": 200,
                "outcome": "accepted",
                "applied": True,
                "note": "",
            }.items()
        )


async def test_a_file_that_is_sent_twice_is_taken_twice() -> None:
    async with visit() as visitor:
        first, second = await visitor.accepted(), await visitor.accepted()

        assert first != second
        assert len({taken.sha256 for taken in visitor.sandbox.imports}) == 1


async def test_the_form_may_be_written_by_hand() -> None:
    async with visit() as visitor:
        assert (await send(visitor, form(DISPOSITION))).status == 200
        assert (await send(visitor, form(f"Content-Type: text/csv\r\n{DISPOSITION}"))).status == 200
        assert (await send(visitor, form('Content-Disposition: form-data; name="x"', DISPOSITION))).status == 200
        assert (await send(visitor, form(DISPOSITION).removesuffix("\r\n"))).status == 200


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (form(DISPOSITION, DISPOSITION), "several_files"),
        (form("Content-Disposition: form-data; name=\"file\"; filename*=utf-8''users.csv"), "no_file"),
        (form('Content-Disposition: attachment; name="file"; filename="users.csv"'), "malformed"),
        (form('Content-Disposition: form-data; filename="users.csv"'), "malformed"),
        (form("Content-Type: text/csv"), "malformed"),
        (f"--x{DISPOSITION}\r\n\r\n{USERS}\r\n--x--\r\n", "malformed"),
        (form(DISPOSITION.replace("users", "\udcff")), "malformed"),
        (form(DISPOSITION).removesuffix("--\r\n"), "malformed"),
        ("preamble\r\n" + form(DISPOSITION), "malformed"),
        (form(DISPOSITION) + "epilogue", "malformed"),
        (form(DISPOSITION).replace("\r\n", "\n"), "malformed"),
        ("", "malformed"),
    ],
)
async def test_a_form_that_is_not_right_to_the_letter_holds_no_file(body: str, note: str) -> None:
    async with visit() as visitor:
        seen = await send(visitor, body)

        assert (seen.status, seen.json["error"]["message"]) == (400, "No file found in the request.")
        assert visitor.last()["note"] == note
        assert visitor.sandbox.imports == []


@pytest.mark.parametrize(
    ("content_type", "note"),
    [("multipart/form-data", "no_boundary"), ("text/csv", "content_type"), ("application/json", "content_type")],
)
async def test_without_a_boundary_there_is_no_form(content_type: str, note: str) -> None:
    async with visit() as visitor:
        assert (await send(visitor, form(DISPOSITION), content_type)).status == 400
        assert visitor.last()["note"] == note


async def test_a_boundary_may_be_quoted_and_a_filename_may_hold_a_quote() -> None:
    async with visit() as visitor:
        head = 'Content-Disposition: form-data; name="file"; filename="a \\"b\\" ü.csv"'
        seen = await send(visitor, form(head), 'Multipart/Form-Data; boundary="x"')

        assert seen.status == 200
        assert visitor.sandbox.imports[0].filename == 'a "b" ü.csv'
