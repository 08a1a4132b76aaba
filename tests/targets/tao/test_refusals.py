"""Every row of the vendor's table of errors, in every frame: what may be done next, in words of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract.subjects import TAO

from orchestrator.errors import Busy, Denied, Garbled, Misdirected, Refused, TargetError, Unclear
from orchestrator.model import Accepted
from orchestrator.sandbox import TaoKnobs
from targets.tao.place import REFERENCE, STYLES, TAKEN, tao_at
from targets.wire import answer, as_json

CELL = "canary-cell-0"
TABLE: list[tuple[int, str, type[TargetError], str]] = [
    (400, "No file found in the request.", Refused, "no file"),
    (400, 'File extension "xlsx" is not allowed. Allowed extensions are: csv', Refused, "CSV files only"),
    (400, "File extension is missing.", Refused, "CSV files only"),
    (400, 'File size "11000000" exceeds maximum allowed size of "10485760".', Refused, "target.part_bytes"),
    (413, 'File size "11000000" exceeds maximum allowed size of "10485760".', Refused, "target.part_bytes"),
    (413, "Request Entity Too Large", Refused, "target.part_bytes"),
    (400, 'File records count "10001" exceeds maximum allowed records of "10000".', Refused, "target.part_rows"),
    (400, 'Invalid CSV structure detected at row "7". Expected "2" columns, got "3".', Refused, "row 7"),
    (400, "Uploaded file cannot be parsed as valid CSV.", Refused, "as CSV"),
    (400, "Uploaded CSV file is empty.", Refused, "empty"),
    (400, f'The cell "{CELL}" is not to our liking.', Refused, "as it stands"),
    (422, f'The cell "{CELL}" is not to our liking.', Refused, "the content"),
    (403, "The token lacks a scope.", Denied, "rostering"),
    (404, "Not found", Misdirected, "target.upload_path"),
    (405, "Method not allowed", Misdirected, "target.upload_path"),
    (415, "Unsupported media type", Misdirected, "target.upload_path"),
    (429, "Slow down", Busy, "429"),
    (500, "An error occurred.", Unclear, "does not say whether"),
    (502, "Bad gateway", Unclear, "502"),
]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("status", "message", "raised", "words"), TABLE)
async def test_a_row_of_the_table_is_told_in_words_of_ours(
    tmp_path: Path, style: str, status: int, message: str, raised: type[TargetError], words: str
) -> None:
    async with tao_at(tmp_path, STYLES[style](status, message)) as (stand, server):
        with pytest.raises(raised) as caught:
            await stand.send()

    assert type(caught.value) is raised
    assert words in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("style", STYLES)
async def test_a_401_in_any_frame_is_a_token_that_is_spent(tmp_path: Path, style: str) -> None:
    async with tao_at(tmp_path, STYLES[style](401, "Unauthorized"), TAKEN) as (stand, server):
        assert (await stand.send()).token == REFERENCE

        assert (len(server.requests), len(server.token_requests)) == (2, 2)
    async with tao_at(tmp_path, STYLES[style](401, "Unauthorized")) as (stand, server):
        with pytest.raises(Denied):
            await stand.send()


async def test_a_401_that_is_a_page_is_no_token_that_is_spent_for_the_rows_may_have_been_taken(tmp_path: Path) -> None:
    login = answer(401, "<html>sign in</html>", kind="text/html")
    async with tao_at(tmp_path, login, TAKEN) as (stand, server):
        with pytest.raises(Garbled):
            await stand.send()

        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        "",
        "not JSON",
        REFERENCE,
        f'"{REFERENCE}"',
        '{"result": null}',
        '{"result": {"referenceId": null}}',
        '{"result": {"referenceId": 17}}',
        '{"result": {"referenceId": "not a reference"}}',
        f'{{"result": {{"referenceId": "{REFERENCE}/.."}}}}',
        f'{{"referenceId": "{REFERENCE}"}}',
        "[" * 10_000,
    ],
)
async def test_a_success_without_a_reference_proves_nothing(tmp_path: Path, body: str) -> None:
    async with tao_at(tmp_path, answer(200, body, kind="application/json")) as (stand, _):
        with pytest.raises(Garbled):
            await stand.send()


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("message", ["File uploaded", f"File uploaded to import-csv/pending/{REFERENCE}.csv", None])
async def test_the_reference_is_what_counts_and_no_message(tmp_path: Path, status: int, message: str | None) -> None:
    reply = as_json({"result": {"message": message, "referenceId": REFERENCE, "more": 1}}, status)
    async with tao_at(tmp_path, reply) as (stand, _):
        assert (await stand.send()).token == REFERENCE


KNOBS: list[tuple[TaoKnobs, tuple[str, ...], type[Accepted | TargetError]]] = [
    (TaoKnobs(), TAO.file, Accepted),
    (TaoKnobs(max_file=10), TAO.file, Refused),
    (TaoKnobs(max_file=10, too_large=413), TAO.file, Refused),
    (TaoKnobs(max_records=1), TAO.many(2), Refused),
    (TaoKnobs(max_records=2), TAO.many(2), Accepted),
    (TaoKnobs(scopes=()), TAO.file, Denied),
    (TaoKnobs(scopes=("rostering", "more")), TAO.file, Accepted),
]


@pytest.mark.parametrize("style", ["nested", "plain", "message"])
@pytest.mark.parametrize(("knobs", "file", "said"), KNOBS)
async def test_a_strict_remote_says_no_in_its_three_styles(
    tmp_path: Path, style: str, knobs: TaoKnobs, file: tuple[str, ...], said: type[Accepted | TargetError]
) -> None:
    given = TaoKnobs(**{**{name: getattr(knobs, name) for name in TaoKnobs.__slots__}, "errors": style})
    async with TAO.at_sandbox(tmp_path, file=file, tao=given) as (stand, _):
        assert await stand.said() is said
        assert stand.taken() == (said is Accepted)


@pytest.mark.parametrize("style", ["text", "json"])
async def test_a_token_that_ran_out_is_renewed_whatever_the_401_looks_like(tmp_path: Path, style: str) -> None:
    async with TAO.at_sandbox(tmp_path, tao=TaoKnobs(unauthorized=style)) as (stand, sandbox):
        await stand.target.sign_in()
        sandbox.expire_tokens()

        assert await stand.said() is Accepted
        assert [entry["status"] for entry in sandbox.record.of("upload")] == [401, 200]
