"""A file is read once, judged by the policy, and what was bad is put beside; no cell value gets into a cause."""

from __future__ import annotations

import errno
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from edges.places import as_an_ordinary_user, files_no_larger_than, open_folder
from edges.samples import (
    BAD,
    BAD_EVENT,
    EVENT,
    EVENTS_HEADER,
    HEADER,
    OTHER,
    REJECTED_COLUMNS,
    ROW,
    Desk,
    csv,
    judge,
    read,
    sent,
)
from orchestrator.edges.batcher import in_thread
from orchestrator.edges.folder import Folder
from orchestrator.edges.inbox import FolderInbox
from orchestrator.errors import OutputError, StorageError
from orchestrator.model import Checked, Digest, Job, Rejected, RelPath, Sheet, Sheets, Source
from orchestrator.naming import key_of
from orchestrator.ports import Held, Moving, Prepared, Unreadable

CANARY = "Canary-Cell-4711"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def sha(content: bytes | str) -> Digest:
    return Digest(hashlib.sha256(content if isinstance(content, bytes) else content.encode()).hexdigest())


def held(prepared: object) -> tuple[str, str | None]:
    assert isinstance(prepared, Prepared), prepared
    data, events = prepared.body.data, prepared.body.events
    assert isinstance(data, Held)
    assert events is None or isinstance(events, Held)
    return data.text, events.text if events else None


# Reading


async def test_a_reading_knows_the_bytes_the_name_and_the_key(desk: Desk) -> None:
    data, events = csv(HEADER, ROW), csv(EVENTS_HEADER, EVENT)
    desk.put("2024/Roster.csv", data)
    file = desk.put("2024/Roster.events.csv", events)

    reading = await read(desk.inbox(), file)

    assert reading.source == Source(data=sha(data), events=sha(events), size=len(data) + len(events))
    assert (reading.data, reading.events) == (data, events)
    assert (reading.name, reading.key) == ("2024/Roster", key_of(reading.name))


async def test_a_file_that_was_written_to_after_the_listing_is_moving(desk: Desk) -> None:
    file = desk.put("a.csv", csv(HEADER, ROW))
    with (desk.root / "a.csv").open("ab") as more:
        more.write(csv(OTHER))

    assert isinstance(await desk.inbox().read(file), Moving)


async def test_a_file_that_was_replaced_by_one_of_the_same_size_and_time_is_moving(desk: Desk) -> None:
    file = desk.put("a.csv", csv(HEADER, ROW))
    assert file.stamp is not None
    (desk.root / "new.tmp").write_bytes(csv(HEADER, OTHER))
    os.utime(desk.root / "new.tmp", ns=(file.stamp.mtime_ns, file.stamp.mtime_ns))
    (desk.root / "new.tmp").replace(desk.root / "a.csv")

    assert isinstance(await desk.inbox().read(file), Moving)


async def test_a_companion_that_was_written_to_after_the_listing_is_moving(desk: Desk) -> None:
    desk.put("a.csv", csv(HEADER, ROW))
    file = desk.put("a.events.csv", csv(EVENTS_HEADER))
    (desk.root / "a.events.csv").write_bytes(csv(EVENTS_HEADER, EVENT))

    assert isinstance(await desk.inbox().read(file), Moving)


@pytest.mark.parametrize("gone", ["a.csv", "a.events.csv"])
async def test_a_file_that_went_away_after_the_listing_is_moving(desk: Desk, gone: str) -> None:
    desk.put("a.csv", csv(HEADER, ROW))
    file = desk.put("a.events.csv", csv(EVENTS_HEADER, EVENT))
    (desk.root / gone).unlink()

    assert isinstance(await desk.inbox().read(file), Moving)


async def test_a_file_without_the_right_to_read_is_unreadable_and_says_what_to_do() -> None:
    with open_folder() as base:
        desk = Desk(base)
        desk.put("a.csv", csv(HEADER, ROW))
        (desk.root / "a.csv").chmod(0o000)
        (file,) = desk.folder().list()
        with as_an_ordinary_user():
            outcome = await desk.inbox().read(file)

    assert isinstance(outcome, Unreadable)
    assert outcome.cause.startswith("it cannot be read (Permission denied)")
    assert "Mend" in outcome.cause


async def test_a_companion_without_the_right_to_read_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.put("a.csv", csv(HEADER, ROW))
    file = desk.put("a.events.csv", csv(EVENTS_HEADER, EVENT))
    inbox = desk.inbox()
    opened = Folder.open

    def closed(self: Folder, path: RelPath) -> int:
        if path == "a.events.csv":
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(self, path)

    monkeypatch.setattr(Folder, "open", closed)
    outcome = await inbox.read(file)

    assert isinstance(outcome, Unreadable)
    assert outcome.cause.startswith("its file of events, a.events.csv, cannot be read (Permission denied)")


async def test_a_path_without_the_date_that_the_name_asks_for_is_unreadable(desk: Desk) -> None:
    inbox = desk.inbox(name="roster-{date}")

    outcome = await inbox.read(desk.put("a.csv", csv(HEADER, ROW)))

    assert isinstance(outcome, Unreadable)
    assert "{date}" in outcome.cause
    assert (await read(inbox, desk.put("2024-07-01.csv", csv(HEADER, ROW)))).name == "roster-2024-07-01"


async def test_many_readings_share_a_hop_and_each_gets_its_own(desk: Desk) -> None:
    files = [desk.put(f"{number:03}.csv", csv(HEADER, f"{number}{ROW}")) for number in range(50)]
    inbox = desk.inbox(hop=in_thread)
    texts: dict[str, str] = {}

    async def carry(number: int) -> None:
        texts[files[number].path] = held(await judge(inbox, files[number]))[0]

    async with anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(carry, number)

    assert texts == {f"{number:03}.csv": sent(HEADER, f"{number}{ROW}") for number in range(50)}


# Judging


async def test_a_clean_file_is_prepared_with_what_was_checked(desk: Desk) -> None:
    inbox = desk.inbox()

    prepared = await judge(inbox, desk.put("a.csv", csv(HEADER, ROW, OTHER, end="\n")))

    assert isinstance(prepared, Prepared)
    assert held(prepared) == (sent(HEADER, ROW, OTHER), None)
    sheet = Sheet(rows=2, bad=0, header=True, sent=sha(sent(HEADER, ROW, OTHER)), schema="platform.data")
    assert prepared.checked == Checked(Sheets(data=sheet), inbox.rules)
    assert not desk.rejects.exists()


async def test_a_file_with_its_events_is_prepared_with_both(desk: Desk) -> None:
    desk.put("a.csv", csv(ROW))

    prepared = await judge(desk.inbox(), desk.put("a.events.csv", csv(EVENTS_HEADER, EVENT)))

    assert held(prepared) == (sent(HEADER, ROW), sent(EVENTS_HEADER, EVENT))
    assert isinstance(prepared, Prepared)
    assert prepared.checked.sheets.data.header is False
    assert prepared.checked.sheets.events == Sheet(
        rows=1, sent=sha(sent(EVENTS_HEADER, EVENT)), schema="platform.events"
    )


async def test_one_bad_row_rejects_the_file_and_says_where_to_look(desk: Desk) -> None:
    inbox = desk.inbox()

    verdict = await judge(inbox, desk.put("sub/a.csv", csv(HEADER, ROW, BAD)))

    assert isinstance(verdict, Rejected)
    assert verdict.cause.startswith("sub/a.csv: 1 of 2 rows are bad")
    assert "rejects/" in verdict.cause
    assert verdict.rules == inbox.rules
    assert verdict.sheets is not None
    assert (verdict.sheets.data.rows, verdict.sheets.data.bad) == (2, 1)


async def test_bad_rows_are_dropped_if_that_is_the_policy(desk: Desk) -> None:
    prepared = await judge(desk.inbox(drop_rows=True), desk.put("a.csv", csv(HEADER, BAD, ROW, BAD)))

    assert held(prepared) == (sent(HEADER, ROW), None)
    assert isinstance(prepared, Prepared)
    assert tuple(prepared.checked.sheets.data.gaps) == ((2, 2), (4, 4))
    assert len((desk.rejects / "a.csv").read_text().splitlines()) == 3


async def test_a_file_without_a_good_row_is_rejected_under_either_policy(desk: Desk) -> None:
    file = desk.put("a.csv", csv(HEADER, BAD))

    for drop_rows in (False, True):
        verdict = await judge(desk.inbox(drop_rows=drop_rows), file)
        assert isinstance(verdict, Rejected)
        assert "1 of 1 rows are bad" in verdict.cause


@pytest.mark.parametrize("drop_rows", [False, True])
@pytest.mark.parametrize("content", [b"", csv(HEADER), csv("Wrong," + HEADER), b"\xff\xfe\xff", b"a\0b"])
async def test_a_fault_of_the_file_rejects_it_under_either_policy(desk: Desk, content: bytes, drop_rows: bool) -> None:
    verdict = await judge(desk.inbox(drop_rows=drop_rows), desk.put("a.csv", content))

    assert isinstance(verdict, Rejected)
    assert "a.csv" in verdict.cause
    assert (desk.rejects / "a.csv").exists()


async def test_a_bad_companion_rejects_the_pair(desk: Desk) -> None:
    desk.put("a.csv", csv(HEADER, ROW))

    verdict = await judge(desk.inbox(), desk.put("a.events.csv", csv(EVENTS_HEADER, EVENT, BAD_EVENT)))

    assert isinstance(verdict, Rejected)
    assert "a.events.csv: 1 of 2 rows are bad" in verdict.cause
    assert sorted(place.name for place in desk.rejects.iterdir()) == ["a.events.csv"]


async def test_both_are_judged_also_when_the_data_is_bad(desk: Desk) -> None:
    desk.put("a.csv", csv(HEADER, BAD))

    await judge(desk.inbox(), desk.put("a.events.csv", csv(EVENTS_HEADER, BAD_EVENT)))

    assert sorted(place.name for place in desk.rejects.iterdir()) == ["a.csv", "a.events.csv"]


async def test_bad_rows_of_a_companion_are_dropped_if_that_is_the_policy(desk: Desk) -> None:
    desk.put("a.csv", csv(HEADER, ROW))
    file = desk.put("a.events.csv", csv(EVENTS_HEADER, BAD_EVENT, EVENT))

    prepared = await judge(desk.inbox(drop_rows=True), file)

    assert held(prepared) == (sent(HEADER, ROW), sent(EVENTS_HEADER, EVENT))


async def test_a_companion_with_no_row_left_is_left_out_under_drop_rows(desk: Desk) -> None:
    desk.put("a.csv", csv(HEADER, ROW))
    file = desk.put("a.events.csv", csv(EVENTS_HEADER, BAD_EVENT))

    prepared = await judge(desk.inbox(drop_rows=True), file)

    assert held(prepared) == (sent(HEADER, ROW), None)
    assert isinstance(prepared, Prepared)
    assert prepared.checked.sheets.events is not None
    assert prepared.checked.sheets.events.sent is None
    assert isinstance(await judge(desk.inbox(), file), Rejected)


@pytest.mark.parametrize("events", [csv("Wrong,Header", EVENT), csv(EVENTS_HEADER), b""])
async def test_a_companion_with_a_fault_rejects_the_pair_under_either_policy(desk: Desk, events: bytes) -> None:
    """One that came empty is such a fault: data must not go without the events that it was delivered with."""
    desk.put("a.csv", csv(HEADER, ROW))
    file = desk.put("a.events.csv", events)

    for drop_rows in (False, True):
        verdict = await judge(desk.inbox(drop_rows=drop_rows), file)
        assert isinstance(verdict, Rejected)
        assert "a.events.csv: line 1" in verdict.cause


# The rejects


async def test_the_rejects_hold_the_bad_rows_and_what_is_wrong_with_each(desk: Desk) -> None:
    await judge(desk.inbox(), desk.put("sub/a.csv", csv(HEADER, ROW, '"N ""3""",2024-07-03,9,,17:00', "x,y")))

    place = desk.rejects / "sub" / "a.csv"
    head, first, second = place.read_bytes().decode().split("\r\n")[:-1]
    assert head == f"{HEADER},{REJECTED_COLUMNS}"
    assert first.startswith('"N ""3""",2024-07-03,9,,17:00,3,StartDate; StartTime; EndDate,date; time; required,')
    assert second.startswith(",,,,,4,")
    assert second.endswith(',"x,y"')
    assert place.stat().st_mode & 0o777 == 0o600


async def test_the_fault_of_a_file_stands_in_its_rejects(desk: Desk) -> None:
    await judge(desk.inbox(), desk.put("a.csv", csv(HEADER, BAD, '"N1,unclosed')))

    _, first, second = (desk.rejects / "a.csv").read_text().splitlines()
    assert ",2,StartDate,date," in first
    assert ",3,Reference,unclosed_quote," in second


@pytest.mark.parametrize("drop_rows", [False, True])
async def test_the_rejects_go_away_when_the_newest_version_is_clean(desk: Desk, drop_rows: bool) -> None:
    inbox = desk.inbox(drop_rows=drop_rows)
    desk.put("a.csv", csv(HEADER, ROW, BAD))
    await judge(inbox, desk.put("a.events.csv", csv(EVENTS_HEADER, EVENT, BAD_EVENT)))
    assert len(list(desk.rejects.iterdir())) == 2

    desk.put("a.csv", csv(HEADER, ROW))
    await judge(inbox, desk.put("a.events.csv", csv(EVENTS_HEADER, EVENT)))

    assert list(desk.rejects.iterdir()) == []


async def test_the_rejects_of_a_companion_go_away_with_it(desk: Desk) -> None:
    inbox = desk.inbox()
    desk.put("a.csv", csv(HEADER, ROW))
    await judge(inbox, desk.put("a.events.csv", csv(EVENTS_HEADER, BAD_EVENT)))
    (desk.root / "a.events.csv").unlink()

    (file,) = desk.folder().list()
    assert isinstance(await judge(inbox, file), Prepared)

    assert list(desk.rejects.iterdir()) == []


@pytest.mark.parametrize("name", ["é" * 125, "n" * 251])
async def test_a_file_with_the_longest_name_can_be_rejected_like_any_other(desk: Desk, name: str) -> None:
    verdict = await judge(desk.inbox(), desk.put(f"{name}.csv", csv(HEADER, BAD)))

    assert isinstance(verdict, Rejected)
    assert (desk.rejects / f"{name}.csv").exists()


async def test_a_disk_that_takes_no_rejects_is_a_storage_error(desk: Desk) -> None:
    file = desk.put("a.csv", csv(HEADER, *[BAD] * 1000))

    with files_no_larger_than(10_000), pytest.raises(StorageError):
        await judge(desk.inbox(), file)

    assert [place for place in desk.rejects.rglob("*") if place.is_file()] == []


@pytest.mark.parametrize("content", [csv(HEADER, BAD), csv(HEADER, ROW)])
async def test_trouble_with_the_rejects_of_one_file_is_not_that_of_those_who_travel_with_it(
    desk: Desk, content: bytes
) -> None:
    """A regular file stands where the folder of the rejects belongs, whether there are bad rows or not."""
    desk.rejects.mkdir()
    (desk.rejects / "taken").touch()
    files = [desk.put("taken/a.csv", content), desk.put("b.csv", csv(HEADER, ROW))]
    inbox = desk.inbox()
    readings = [await read(inbox, file) for file in files]
    outcomes: dict[str, object] = {}

    async def carry(number: int) -> None:
        try:
            outcomes[files[number].path] = await inbox.judge(readings[number])
        except OutputError as error:
            outcomes[files[number].path] = error

    async with anyio.create_task_group() as tasks:
        for number in range(2):
            tasks.start_soon(carry, number)

    assert held(outcomes["b.csv"]) == (sent(HEADER, ROW), None)
    assert isinstance(outcomes["taken/a.csv"], OutputError | Prepared)


def rejected(inbox: FolderInbox, source: Source) -> Job:
    return Job(key=key_of("a"), version=1, name="a", path=RelPath("a.csv"), rules=inbox.rules, source=source)


async def test_a_rejection_stands_until_the_rules_change_or_its_list_is_gone(desk: Desk) -> None:
    inbox = desk.inbox()
    file = desk.put("a.csv", csv(HEADER, BAD))
    await judge(inbox, file)
    job = rejected(inbox, (await read(inbox, file)).source)

    assert await inbox.is_settled(job, file)
    assert not await desk.inbox(drop_rows=True).is_settled(job, file)
    assert not await desk.inbox(encoding="cp1252").is_settled(job, file)
    await judge(inbox, desk.put("a.csv", csv(HEADER, BAD, BAD)))
    assert not await inbox.is_settled(job, file), "that is the list of another version"
    await judge(inbox, desk.put("a.csv", csv(HEADER, BAD)))
    (desk.rejects / "a.csv").unlink()
    assert not await inbox.is_settled(job, file)


async def test_the_rejection_of_a_pair_stands_on_the_list_of_either(desk: Desk) -> None:
    inbox = desk.inbox()
    desk.put("a.csv", csv(HEADER, ROW))
    file = desk.put("a.events.csv", csv(EVENTS_HEADER, BAD_EVENT))
    await judge(inbox, file)

    assert await inbox.is_settled(rejected(inbox, (await read(inbox, file)).source), file)


async def test_only_a_rejection_for_want_of_events_is_one_by_the_rule_that_they_are_required(desk: Desk) -> None:
    """So that no other one in a ledger is judged again when that rule comes or goes."""
    free, bound = (desk.inbox(drop_rows=True, events_required=required) for required in (False, True))
    desk.put("a.csv", csv(HEADER, BAD))
    file = desk.put("a.events.csv", csv(EVENTS_HEADER, BAD_EVENT))
    bad_data = await judge(bound, file)
    assert isinstance(bad_data, Rejected)
    assert bad_data == await judge(free, file)
    job = rejected(free, (await read(free, file)).source)
    assert await free.is_settled(job, file)
    assert await bound.is_settled(job, file)

    file = desk.put("a.csv", csv(HEADER, ROW))
    lost = await judge(bound, file)

    assert isinstance(lost, Rejected)
    assert "input.events_required" in lost.cause
    assert lost.sheets is not None
    job = replace(rejected(bound, (await read(bound, file)).source), rules=lost.rules)
    assert await bound.is_settled(job, file)
    assert not await free.is_settled(job, file)
    assert not await desk.inbox(events_required=True).is_settled(job, file), "that is another policy for bad rows"


# What must not get out


@pytest.mark.parametrize("drop_rows", [False, True])
@pytest.mark.parametrize(
    "line",
    [
        f"{CANARY},{CANARY},{CANARY},{CANARY},{CANARY}",
        f"{CANARY}",
        f"{CANARY},{CANARY}\0",
        f'"{CANARY}',
        f'"{CANARY}"{CANARY},,,,',
        f"{CANARY},,,,",
        f"{CANARY}" * 20_000,
    ],
)
async def test_no_cause_and_no_name_of_a_rejects_file_quotes_a_cell(desk: Desk, line: str, drop_rows: bool) -> None:
    inbox = desk.inbox(drop_rows=drop_rows)

    for lines in ([HEADER, line], [line], [line, line], [HEADER, *[line] * 3]):
        verdict = await judge(inbox, desk.put("a.csv", csv(*lines)))
        assert isinstance(verdict, Rejected)
        assert CANARY not in verdict.cause

    for lines in ([EVENTS_HEADER, line], [line], [EVENTS_HEADER, *[line] * 3]):
        desk.put("b.csv", csv(HEADER, ROW))
        verdict = await judge(inbox, desk.put("b.events.csv", csv(*lines)))
        assert isinstance(verdict, Rejected | Prepared)
        assert CANARY not in repr(verdict)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
async def test_what_the_machine_is_short_of_is_no_fault_of_the_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def too_many(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    file = desk.put("a.csv", csv(HEADER, ROW))
    monkeypatch.setattr("orchestrator.edges.inbox.contents_of", too_many)

    outcome = await desk.inbox().read(file)

    assert isinstance(outcome, Moving)
    assert outcome.cause.startswith(f"it cannot be read ({os.strerror(number)})")
