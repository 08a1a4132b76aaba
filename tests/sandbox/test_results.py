"""GetResults over HTTP."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from yarl import URL

from orchestrator.sandbox import Profile
from sandbox.visitor import DATA, INSTANT, ROW, visit

SLOW = Profile(slots=1, job_base=10.0)
ANOTHER = "11111111-2222-4333-8444-555555555555"


async def test_the_status_goes_through_its_words() -> None:
    async with visit(SLOW) as visitor:
        await visitor.upload(Name="first")
        token = (await visitor.upload()).text
        words = []
        for seconds in (0, 10, 10):
            visitor.clock.now += seconds
            words.append((await visitor.ask(token)).text)

        assert words == ["queued", "processing", "completedsuccessfully"]
        assert [entry["state"] for entry in visitor.sandbox.record.of("poll")] == words


async def test_the_words_can_be_chosen() -> None:
    odd = replace(SLOW, running_words=("Pending", "In Progress"), success_word="CompletedSuccessfully")
    async with visit(odd) as visitor:
        token = (await visitor.upload()).text
        assert (await visitor.ask(token)).text == "In Progress"
        visitor.clock.now += 10
        assert (await visitor.ask(token)).text == "CompletedSuccessfully"


@pytest.mark.parametrize("data_key", ["feedback", "tableofresultids"])
async def test_there_are_no_results_before_the_end(data_key: str) -> None:
    async with visit(SLOW) as visitor:
        token = (await visitor.upload()).text
        seen = await visitor.ask(token, data_key)

        assert (seen.status, seen.json) == (409, {"message": "processing not complete"})
        visitor.clock.now += 10
        assert (await visitor.ask(token, data_key)).status == 200
        assert visitor.last("result").items() >= {"token": token, "status": 200, "data_key": data_key}.items()


async def test_there_is_one_result_id_a_row_and_it_stays_the_same() -> None:
    async with visit() as visitor:
        token = (await visitor.upload(Data=f"{DATA}\r\n{ROW}\r\n{ROW}")).text
        ids = (await visitor.ask(token, "tableofresultids")).json

        assert len(set(ids)) == 3
        assert all(str(uuid.UUID(each)) == each and uuid.UUID(each).version == 4 for each in ids)
        assert (await visitor.ask(token, "tableofresultids")).json == ids


async def test_there_can_be_one_result_id_in_all() -> None:
    async with visit(replace(INSTANT, result_ids="one")) as visitor:
        token = (await visitor.upload(Data=f"{DATA}\r\n{ROW}")).text

        assert len((await visitor.ask(token, "tableofresultids")).json) == 1


async def test_a_failed_job_has_feedback_and_no_results() -> None:
    async with visit() as visitor:
        token = (await visitor.upload(Data="x")).text

        assert (await visitor.ask(token, "feedback")).status == 200
        seen = await visitor.ask(token, "tableofresultids")
        assert (seen.status, seen.json) == (409, {"message": "processing did not succeed"})


@pytest.mark.parametrize("text", ["", "2 rows imported"])
async def test_the_feedback_of_a_success_is_short(text: str) -> None:
    async with visit(replace(INSTANT, success_feedback=text)) as visitor:
        token = (await visitor.upload()).text

        assert (await visitor.ask(token, "feedback")).text == text


async def test_an_unknown_token_is_not_found() -> None:
    async with visit() as visitor:
        assert (await visitor.ask(ANOTHER)).status == 404


async def test_a_token_in_capitals_is_the_same_token() -> None:
    async with visit() as visitor:
        token = (await visitor.upload()).text

        assert (await visitor.ask(token.upper())).status == 200


async def test_a_wrong_key_is_forbidden_whatever_is_asked() -> None:
    async with visit() as visitor:
        assert (await visitor.ask(ANOTHER, "nonsense", key="wrong")).status == 403


@pytest.mark.parametrize("data_key", ["nonsense", "Status", "status,feedback", ""])
async def test_a_data_key_is_one_of_three_words(data_key: str) -> None:
    async with visit() as visitor:
        token = (await visitor.upload()).text

        assert (await visitor.ask(token, data_key)).status == 400


@pytest.mark.parametrize("missing", ["token", "key", "dataKey"])
async def test_every_parameter_is_required(missing: str) -> None:
    async with visit() as visitor:
        assert (await visitor.ask(ANOTHER, **{missing: None})).status == 400


async def test_a_parameter_given_twice_is_refused() -> None:
    async with visit() as visitor:
        token = (await visitor.upload()).text

        assert (await visitor.ask(token, dataKey=["status", "feedback"])).status == 400


async def test_a_percent_encoded_query_is_decoded() -> None:
    async with visit() as visitor:
        token = (await visitor.upload()).text
        encoded = "".join(f"%{byte:02X}" for byte in token.encode())
        query = f"dataKey=%73tatus&key={visitor.sandbox.api_key}&token={encoded}"
        url = f"{visitor.sandbox.base_url}/api/GetResults?{query}"
        headers = {"Authorization": f"Bearer {visitor.bearer}"}

        async with visitor.session.get(URL(url, encoded=True), headers=headers) as answer:
            assert answer.status == 200
