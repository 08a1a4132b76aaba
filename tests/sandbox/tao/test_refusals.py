"""Every row of the vendor's table of errors, in every style."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.tao.visitor import USERS, visit
from sandbox.visitor import INSTANT, Seen


async def refused(text: str | bytes = USERS, filename: str | None = "users.csv", **knobs: Any) -> tuple[Seen, str]:
    """The answer to an upload that must leave nothing, and the note in the record."""
    async with visit(INSTANT, **knobs) as visitor:
        seen = await visitor.upload(text, filename)
        entry = visitor.last()

        assert entry.items() >= {"outcome": "refused", "applied": False, "token": None, "status": seen.status}.items()
        assert visitor.sandbox.imports == []
        return seen, entry["note"]


@pytest.mark.parametrize("authorization", [None, "Bearer made-up", "Basic eDp5"])
async def test_without_a_live_token_nobody_is_let_in(authorization: str | None) -> None:
    async with visit() as visitor:
        headers = {"X-Nothing": ""} if authorization is None else {"Authorization": authorization}
        seen = await visitor.upload(headers=headers)

        assert (seen.status, seen.text) == (401, "Unauthorized")
        assert seen.headers["Content-Type"].startswith("text/plain")
        assert seen.headers["WWW-Authenticate"] == ("Bearer" + ' error="invalid_token"' * bool(authorization))
        assert visitor.last()["note"] == "unauthorized"


async def test_a_401_can_come_as_json() -> None:
    async with visit(unauthorized="json", signed_in=False) as visitor:
        assert (await visitor.upload()).json == {"error": {"message": "Unauthorized"}}


async def test_a_token_without_the_scope_is_forbidden() -> None:
    seen, note = await refused(scopes=())

    assert (seen.status, note) == (403, "insufficient_scope")
    assert seen.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="rostering"'


async def test_a_form_without_a_file_is_refused() -> None:
    async with visit() as visitor:
        other_field = await visitor.upload(field="csv")
        no_filename = await visitor.upload(filename=None)

    assert other_field.status == no_filename.status == 400
    assert other_field.json == no_filename.json == {"error": {"message": "No file found in the request."}}


@pytest.mark.parametrize(
    ("filename", "message"),
    [
        ("users.xlsx", 'File extension "xlsx" is not allowed. Allowed extensions are: csv'),
        ("users.csv.zip", 'File extension "zip" is not allowed. Allowed extensions are: csv'),
        ("users", "File extension is missing."),
        (".csv", "File extension is missing."),
    ],
)
async def test_only_csv_is_taken_and_that_is_told_by_the_name(filename: str, message: str) -> None:
    seen, note = await refused(filename=filename)

    assert (seen.status, seen.json, note) == (400, {"error": {"message": message}}, "extension")


@pytest.mark.parametrize("status", [400, 413])
async def test_a_file_above_the_limit_is_too_large_and_one_at_the_limit_is_not(status: int) -> None:
    limit = len(USERS)
    seen, note = await refused(USERS + "\n", max_file=limit, too_large=status)

    assert (seen.status, note) == (status, "too_large")
    message = f'File size "{limit + 1}" exceeds maximum allowed size of "{limit}".'
    assert seen.json == {"error": {"message": message}}
    async with visit(max_file=limit) as visitor:
        assert (await visitor.upload()).status == 200


async def test_the_limit_is_ten_binary_megabytes() -> None:
    row = f"anna,{'x' * 100}\n"
    head = "user_username,user_name\n"
    text = head + row * ((10_485_760 - len(head)) // len(row))
    async with visit() as visitor:
        assert (await visitor.upload(text)).status == 200
        assert (await visitor.upload(text + row)).status == 400
        assert (await visitor.upload(text * 2)).status == 400
        assert [entry["note"] for entry in visitor.sandbox.record.of("upload")] == ["", "too_large", "too_large"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Uploaded CSV file is empty."),
        (" \n,\n", "Uploaded CSV file is empty."),
        (b"user_username\n\xff\n", "Uploaded file cannot be parsed as valid CSV."),
        ('user_username\n"anna', "Uploaded file cannot be parsed as valid CSV."),
        ("user_username,user_username\n", "Uploaded file cannot be parsed as valid CSV."),
        (
            "user_username,user_name\nanna,Anna\nbert\n",
            'Invalid CSV structure detected at row "3". Expected "2" columns, got "1".',
        ),
    ],
)
async def test_a_file_that_is_no_table_is_refused_at_the_upload(text: str | bytes, message: str) -> None:
    seen, note = await refused(text)

    assert (seen.status, seen.json, note) == (400, {"error": {"message": message}}, "structure")


async def test_the_number_of_records_can_have_a_limit() -> None:
    seen, _ = await refused(max_records=1)

    assert seen.json == {"error": {"message": 'File records count "2" exceeds maximum allowed records of "1".'}}


@pytest.mark.parametrize(
    ("style", "body", "content_type"),
    [
        ("nested", '{"error": {"message": "File extension is missing."}}', "application/json"),
        ("message", '{"message": "File extension is missing."}', "application/json"),
        ("plain", "File extension is missing.", "text/plain"),
    ],
)
async def test_an_error_is_told_in_one_of_three_styles(style: str, body: str, content_type: str) -> None:
    seen, _ = await refused(filename="users", errors=style)

    assert (seen.text, seen.headers["Content-Type"].partition(";")[0]) == (body, content_type)


async def test_a_path_or_a_method_that_it_does_not_have_is_no_upload() -> None:
    async with visit() as visitor:
        assert (await visitor.read("/api/v2/upload")).status == 404
        assert (await visitor.read("/api/v1/upload")).status == 405
        assert visitor.sandbox.record.of("upload") == []
