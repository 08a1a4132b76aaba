"""What becomes of the rows: what is said of each, and what stands in the Portal afterwards."""

from __future__ import annotations

import pytest

from orchestrator.sandbox import Profile
from sandbox.tao.visitor import GROUPS, SESSIONS, USERS, visit

LINKS = "user_username,group_name,group_role\nanna,night,TEST_TAKER\n"


async def test_a_result_holds_the_rows_of_the_file_each_with_its_verdict() -> None:
    async with visit() as visitor:
        rows = await visitor.result(await visitor.accepted("user_username,user_password\nanna, Secret-1\n\nbert,\n"))

    nothing = {"errorType": "", "errorCode": "", "errorMessage": ""}
    assert rows == [
        {"user_username": "anna", "user_password": "Secret-1", "status": "processed"} | nothing,
        {
            "user_username": "bert",
            "user_password": "",
            "status": "400",
            "errorType": "error",
            "errorCode": "validation.fieldError",
            "errorMessage": 'Field "user_password" is required for new user.',
        },
    ]


@pytest.mark.parametrize(
    ("columns", "row", "message"),
    [
        ("user_username,user_password", ",Secret-1", 'Field "user_username" is required.'),
        ("user_username,user_password", "an na,Secret-1", 'Field "user_username" cannot contain whitespaces.'),
        ("user_username,user_password", f"{'a' * 256},Secret-1", 'Field "user_username" exceeds max length (255).'),
        ("user_username", "carl", 'Field "user_password" is required for new user.'),
        ("user_username,user_active", "anna,yes", 'Field "user_active" must be one of: true, false, 1, 0.'),
        ("user_username,user_externalId", "anna,google", 'Field "user_externalId" must be a JSON object.'),
        ("user_username,user_organizationId", "anna,nowhere", 'Field "user_organizationId" names no organization.'),
        ("user_username,user_active,user_metadata_x", "anna,TRUE,1", ""),
        ("group_name,group_active", "day,maybe", 'Field "group_active" must be one of: true, false, 1, 0.'),
        ("group_name,group_description", ",x", 'Field "group_name" is required.'),
        ("user_username,group_name,group_role", "carl,night,GRADER", 'Field "user_username" names no user.'),
        ("user_username,group_name,group_role", "anna,day,GRADER", 'Field "group_name" names no group.'),
        ("user_username,group_name,group_role", "anna,night,", 'Field "group_role" is required.'),
        ("session_deliveryId,group_name,session_name", "d1,day,exam", 'Field "group_name" names no group.'),
        ("session_batteryId,group_name,session_name", ",night,exam", 'Field "session_batteryId" is required.'),
        ("session_deliveryId,group_name,session_name", "d1,night,", 'Field "session_name" is required.'),
        (
            "session_deliveryId,group_name,session_name,session_startDate",
            "d1,night,exam,01/07/2024",
            'Field "session_startDate" must be a date and time of ISO 8601 in UTC.',
        ),
        (
            "session_deliveryId,group_name,session_name,session_endDate",
            "d1,night,exam,2024-13-01T09:00:00Z",
            'Field "session_endDate" must be a date and time of ISO 8601 in UTC.',
        ),
        (
            "session_deliveryId,group_name,session_name,group_active",
            "d1,morning,exam,perhaps",
            'Field "group_active" must be one of: true, false, 1, 0.',
        ),
        (
            "user_username,user_password,group_name,group_role",
            "carl,Secret-1,day,GRADER",
            'Field "group_name" names no group.',
        ),
        (
            "user_username,user_password,group_name,group_role",
            "carl,Secret-1,night,",
            'Field "group_role" is required.',
        ),
        (
            "session_deliveryId,group_name,session_name,session_startDate,session_timezone",
            "d1,night,exam,2024-07-01T09:00:00Z,Europe/Paris",
            "",
        ),
        (
            "hierarchy_organizationId,hierarchy_parentOrganizationId",
            "a,nowhere",
            'Field "hierarchy_parentOrganizationId" names no organization.',
        ),
    ],
)
async def test_a_row_is_judged_by_its_columns_and_by_what_stands_there(columns: str, row: str, message: str) -> None:
    async with visit() as visitor:
        await visitor.accepted(USERS)
        await visitor.accepted(GROUPS, "groups.csv")

        assert await visitor.verdicts(f"{columns}\n{row}\n") == [message]


@pytest.mark.parametrize("password", ["Secr-1", "secret-1", "SECRET-1", "Secret12"])
async def test_a_password_must_be_strong(password: str) -> None:
    async with visit() as visitor:
        (said,) = await visitor.verdicts(f"user_username,user_password\ncarl,{password}\n")

    assert said.startswith('Field "user_password" must have 8 characters')


async def test_every_nth_row_can_fail_by_the_fault_of_the_server() -> None:
    async with visit(failing_rows=2) as visitor:
        anna, bert = await visitor.result(await visitor.accepted(USERS))

        assert (anna["status"], bert["status"], bert["errorCode"]) == ("processed", "500", "csv.import.internalError")
        assert set(visitor.sandbox.portal.users) == {"anna"}


async def test_users_are_upserted_and_a_blank_cell_deletes_what_stood_there() -> None:
    async with visit() as visitor:
        await visitor.accepted("user_username,user_password,user_name,user_email\nanna,Secret-1,Anna,a@example.com\n")
        await visitor.accepted("user_username,user_name,user_password\nanna,,\n")

        anna = {"user_username": "anna", "user_password": "set", "user_email": "a@example.com"}
        assert visitor.sandbox.portal.users == {"anna": anna}


async def test_links_are_pairs_and_a_session_is_added_at_each_import() -> None:
    async with visit() as visitor:
        for text in (USERS, GROUPS, LINKS, LINKS, SESSIONS, SESSIONS):
            assert set(await visitor.verdicts(text)) == {""}
        portal = visitor.sandbox.portal

    assert portal.links == {("anna", "night"): "TEST_TAKER"}
    assert [session["session_name"] for session in portal.sessions] == ["exam", "exam"]
    assert (set(portal.users), set(portal.groups)) == ({"anna", "bert"}, {"night"})


async def test_a_file_can_bring_its_users_or_its_groups_with_it() -> None:
    async with visit() as visitor:
        await visitor.accepted(GROUPS)
        columns = "user_username,user_password,group_name,group_role"
        assert await visitor.verdicts(f"{columns}\ncarl,Secret-1,night,GRADER\n") == [""]
        columns = "session_deliveryId,group_name,session_name,group_description"
        assert await visitor.verdicts(f"{columns}\nd1,morning,exam,new\n") == [""]
        columns = "user_username,user_password,group_name,group_role"
        assert await visitor.verdicts(f"{columns}\ndora,Secret-1,day,GRADER\n") == [
            'Field "group_name" names no group.'
        ]
        portal = visitor.sandbox.portal

    assert set(portal.users) == {"carl"}, "a row that is refused leaves nothing"
    assert portal.links == {("carl", "night"): "GRADER"}
    assert portal.groups["morning"] == {"group_name": "morning", "group_description": "new"}


async def test_organizations_are_a_tree_of_fifteen_levels() -> None:
    rows = [f"o{level},o{level - 1}" if level > 1 else "o1,root" for level in range(1, 17)]
    columns = "hierarchy_organizationId,hierarchy_parentOrganizationId"
    ring = 'Field "hierarchy_parentOrganizationId" makes a ring or more than 15 levels.'
    async with visit() as visitor:
        assert await visitor.verdicts("\n".join((columns, *rows))) == [""] * 15 + [ring]
        assert await visitor.verdicts(f"{columns}\no1,o2\no1,o1\n") == [ring, ring]
        assert await visitor.verdicts("hierarchy_organizationName\nnew\n") == [""]

        assert visitor.sandbox.portal.organizations["organization-16"]["hierarchy_organizationName"] == "new"


async def test_where_organizations_are_on_everybody_must_belong_to_one() -> None:
    async with visit(organizations=True) as visitor:
        assert await visitor.verdicts("user_username,user_password,user_organizationId\nanna,Secret-1,root\n") == [""]
        assert await visitor.verdicts("user_username,user_name\nanna,Anna\n") == [""]
        wrong = 'Field "user_organizationId" is required.'
        assert await visitor.verdicts("user_username,user_organizationId\nanna,\n") == [wrong]
        wrong = 'Field "group_organizationId" is required for new group.'
        assert await visitor.verdicts(GROUPS) == [wrong]


async def test_a_row_is_judged_by_what_stood_there_when_its_file_was_processed() -> None:
    async with visit(Profile(job_base=10.0, job_per_row=1.0)) as visitor:
        await visitor.accepted(USERS)
        await visitor.accepted(GROUPS)
        early = await visitor.accepted(LINKS)
        assert visitor.sandbox.portal.users == {}
        visitor.clock.now += 11.0
        assert [row["status"] for row in await visitor.result(early)] == ["400"]
        visitor.clock.now += 1.0
        late = await visitor.accepted(LINKS)
        visitor.clock.now += 11.0

        assert [row["status"] for row in await visitor.result(late)] == ["processed"]


async def test_without_validation_nothing_is_judged_and_nothing_comes_to_stand_there() -> None:
    async with visit(Profile(job_base=0.0, validation="off")) as visitor:
        reference = await visitor.accepted("user_username\ncarl\n")

        assert (await visitor.status(reference)).items() >= {"status": "processed", "fileLine": 1}.items()
        assert [row["status"] for row in await visitor.result(reference)] == ["processed"]
        assert visitor.sandbox.portal.users == {}
        odd = await visitor.accepted("user_username\ncarl,bert\n")
        assert (await visitor.send("GET", await visitor.address(odd))).text == "user_username\ncarl,bert\n"
