"""UploadData over HTTP: what it requires, what it does, what it refuses."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import replace
from typing import Any

import pytest

from sandbox.visitor import DATA, EVENTS, HEADER, INSTANT, ROW, visit


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def test_the_answer_is_the_bare_token() -> None:
    async with visit() as visitor:
        seen = await visitor.upload()

    assert (seen.status, seen.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert str(uuid.UUID(seen.text)) == seen.text


async def test_the_answer_can_be_a_json_string() -> None:
    async with visit(replace(INSTANT, quoted=True)) as visitor:
        seen = await visitor.upload()
        status = await visitor.ask(seen.json)

    assert seen.headers["Content-Type"] == "application/json; charset=utf-8"
    assert status.text == '"completedsuccessfully"'


async def test_the_dataset_and_the_record_show_what_was_received() -> None:
    data = f"{DATA}\r\nZoë,01/07/2024,09:00,01/07/2024,17:00"
    async with visit() as visitor:
        token = (await visitor.upload(Data=data, EventData=EVENTS)).text
        dataset = visitor.sandbox.datasets["night"]
        entry = visitor.last()

    assert (dataset.token, dataset.overwrite, dataset.data_rows, dataset.copies) == (token, False, 2, 1)
    assert (dataset.data_sha256, dataset.events_sha256) == (sha256(data), sha256(EVENTS))
    assert (
        entry.items()
        >= {
            "kind": "upload",
            "name": "night",
            "overwrite": False,
            "data_sha256": sha256(data),
            "events_sha256": sha256(EVENTS),
            "data_rows": 2,
            "token": token,
            "status": 200,
            "outcome": "accepted",
            "applied": True,
            "replaced": False,
            "fault": None,
        }.items()
    )


@pytest.mark.parametrize("member", ["Name", "Data", "Key"])
@pytest.mark.parametrize("value", [..., None, "", "  ", 7, ["x"]])
async def test_a_required_member_must_be_a_text_that_says_something(member: str, value: Any) -> None:
    async with visit() as visitor:
        seen = await visitor.upload(**{member: value})

        assert seen.status == 400
        assert member in seen.json["message"]
        assert visitor.sandbox.datasets == {}
        assert visitor.last()["outcome"] == "refused"


@pytest.mark.parametrize("member", ["Username", "EventData"])
async def test_an_optional_member_may_be_missing_or_null_but_not_a_number(member: str) -> None:
    async with visit() as visitor:
        assert (await visitor.upload(Name="1", **{member: ...})).status == 200
        assert (await visitor.upload(Name="2", **{member: None})).status == 200
        assert (await visitor.upload(Name="3", **{member: 3})).status == 400


async def test_half_a_surrogate_pair_is_no_text() -> None:
    async with visit() as visitor:
        assert (await visitor.upload(Name="\ud800")).status == 400


async def test_members_are_case_sensitive_and_unknown_ones_are_ignored() -> None:
    async with visit() as visitor:
        assert (await visitor.upload(Colour="blue")).status == 200
        assert (await visitor.upload(Name=..., name="night")).status == 400


@pytest.mark.parametrize(("member", "value"), [("Key", "wrong"), ("Username", "somebody")])
async def test_a_key_or_username_of_somebody_else_is_forbidden(member: str, value: str) -> None:
    async with visit() as visitor:
        assert (await visitor.upload(**{member: value})).status == 403


@pytest.mark.parametrize("value", [True, "true", "True", "TRUE"])
async def test_overwrite_is_a_boolean_or_its_word(value: object) -> None:
    async with visit() as visitor:
        await visitor.upload(Overwrite=value)

        assert visitor.sandbox.datasets["night"].overwrite is True


@pytest.mark.parametrize("value", [None, 1, 0, "yes", "", " true", []])
async def test_anything_else_for_overwrite_is_refused(value: object) -> None:
    async with visit() as visitor:
        assert (await visitor.upload(Overwrite=value)).status == 400


async def test_without_overwrite_nothing_is_overwritten() -> None:
    async with visit() as visitor:
        await visitor.upload(Overwrite=...)

        assert visitor.sandbox.datasets["night"].overwrite is False


@pytest.mark.parametrize(("form", "allowed", "refused"), [("string", "true", True), ("bool", True, "true")])
async def test_a_server_may_be_particular_about_overwrite(form: Any, allowed: object, refused: object) -> None:
    async with visit(replace(INSTANT, overwrite_form=form)) as visitor:
        assert (await visitor.upload(Overwrite=allowed)).status == 200
        assert (await visitor.upload(Overwrite=refused)).status == 400
        assert (await visitor.upload(Name="none", Overwrite=...)).status == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "text/json"])
async def test_only_json_is_taken(content_type: str) -> None:
    async with visit() as visitor:
        assert (await visitor.upload(headers={"Content-Type": content_type})).status == 415
        assert (await visitor.upload(headers={"Content-Type": "application/json; charset=utf-8"})).status == 200


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"text"', b"null", b"\xff\xfe", b"[" * 100_000])
async def test_a_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    async with visit() as visitor:
        assert (await visitor.upload(raw=raw)).status == 400


async def test_a_body_over_the_limit_is_refused_by_its_length_and_by_its_bytes() -> None:
    async def pieces() -> Any:
        for _ in range(10):
            yield b" " * 100

    async with visit(replace(INSTANT, max_body=500)) as visitor:
        assert (await visitor.upload()).status == 200
        assert (await visitor.upload(Name="n" * 500)).status == 413
        headers = {"Authorization": f"Bearer {visitor.bearer}", "Content-Type": "application/json"}
        url = f"{visitor.sandbox.base_url}/api/UploadData"
        assert (await visitor.send("POST", url, data=pieces(), headers=headers)).status == 413


async def test_a_body_of_several_megabytes_is_taken() -> None:
    data = "\r\n".join([HEADER, *[ROW] * 100_000])
    async with visit(replace(INSTANT, validation="off")) as visitor:
        assert (await visitor.upload(Data=data)).status == 200
        assert visitor.last()["data_rows"] == 100_000


async def test_a_client_that_waits_to_be_told_to_continue_is_told() -> None:
    async with visit() as visitor:
        assert (await visitor.upload(headers={"Expect": "100-continue"})).status == 200


@pytest.mark.parametrize(("path", "method"), [("UploadData", "GET"), ("GetResults", "POST")])
async def test_the_wrong_method_is_told_the_right_one(path: str, method: str) -> None:
    async with visit() as visitor:
        seen = await visitor.send(method, f"{visitor.sandbox.base_url}/api/{path}?key=k")

        assert seen.status == 405
        assert seen.headers["Allow"] != method
        assert visitor.last("other")["path"] == f"/api/{path}"


async def test_an_unknown_path_is_not_found() -> None:
    async with visit() as visitor:
        assert (await visitor.send("GET", f"{visitor.sandbox.base_url}/api/uploaddata")).status == 404


async def test_bad_data_are_taken_and_fail_later() -> None:
    async with visit() as visitor:
        token = (await visitor.upload(Data=f"{DATA}\r\nUser2,,09:00,x|y,17:00", EventData=EVENTS[:-1] + "9")).text

        assert (await visitor.ask(token)).text == "failed"
        assert (await visitor.ask(token, "feedback")).text.split("\n") == [
            "3||StartDate is required",
            "3|x|y|EndDate must be a date DD/MM/YYYY",
            "2|9|TimeReference must be 0, 1 or 2",
        ]
        assert visitor.last("upload")["applied"] is True


async def test_bad_data_can_be_refused_at_once() -> None:
    async with visit(replace(INSTANT, validation="sync")) as visitor:
        seen = await visitor.upload(Data="x")

        assert seen.status == 400
        assert seen.json["errors"] == ["1|x|has 1 columns, must have 5"]
        assert visitor.sandbox.datasets == {}


async def test_data_can_be_left_unjudged() -> None:
    async with visit(replace(INSTANT, validation="off")) as visitor:
        token = (await visitor.upload(Data="x\r\ny")).text

        assert (await visitor.ask(token)).text == "completedsuccessfully"
        assert visitor.last("upload")["data_rows"] == 2


async def test_the_record_holds_no_secret_and_no_cell() -> None:
    async with visit() as visitor:
        token = (await visitor.upload(Data=f"Ada,{ROW[6:]}\r\nBob,x,,,")).text
        await visitor.ask(token, "feedback")
        await visitor.ask("somebody's secret", key="wrong")
        text = json.dumps(list(visitor.sandbox.record.entries))

    for secret in (
        visitor.bearer,
        visitor.sandbox.client_secret,
        visitor.sandbox.api_key,
        "Ada",
        "Bob",
        "somebody",
    ):
        assert secret not in text
