"""What a file is called: at the remote, in the ledger, in the output folder and on a screen."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import date

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from orchestrator.model import Digest, Name, RelPath, Source
from orchestrator.naming import (
    content_digest,
    date_in,
    flaw_in,
    is_content_addressed,
    key_of,
    key_without_name,
    name_of,
    printable,
    slug_of,
)

SOURCE = Source(data=Digest("a1b2c3d4e5f6" + "0" * 52), size=1)
names = st.text(min_size=1, max_size=60).map(Name)


# Names


@pytest.mark.parametrize(
    ("pattern", "path", "name"),
    [
        ("{relative}", "2024/07/roster.csv", "2024/07/roster"),
        ("{relative}", "roster.v2.csv", "roster.v2"),
        ("{relative}", "2024.07/roster", "2024.07/roster"),
        ("{stem}", "2024/07/roster.csv", "roster"),
        ("{stem}-{sha12}", "roster.csv", "roster-a1b2c3d4e5f6"),
        ("{date}", "2024/20240701.csv", "2024-07-01"),
        ("weekly {date} {date}", "2024-07-01.csv", "weekly 2024-07-01 2024-07-01"),
        ("fixed", "roster.csv", "fixed"),
        ("{date}", "roster.csv", None),
        ("{other}", "roster.csv", "{other}"),
    ],
)
def test_a_name_is_made_after_the_pattern(pattern: str, path: str, name: str | None) -> None:
    assert name_of(pattern, RelPath(path), SOURCE) == name


@given(stem=st.text("{}abdehlmnorsttiv12", min_size=1, max_size=20))
@example(stem="{sha12}")
@example(stem="{date}")
@example(stem="{stem}")
def test_what_looks_like_a_pattern_in_a_path_is_taken_as_it_stands(stem: str) -> None:
    for pattern in ("{relative}", "{stem}"):
        assert name_of(pattern, RelPath(f"{stem}.csv"), SOURCE) == stem


def test_a_name_with_the_content_in_it_changes_with_data_and_with_events() -> None:
    sources = [
        SOURCE,
        Source(data=Digest("b" * 64), size=1),
        Source(data=SOURCE.data, events=Digest("c" * 64), size=1),
        Source(data=SOURCE.data, events=Digest("d" * 64), size=1),
    ]

    assert len({name_of("{sha12}", RelPath("a.csv"), source) for source in sources}) == 4
    assert is_content_addressed("{stem}-{sha12}")
    assert not is_content_addressed("{stem}-{date}")


digests = st.binary(max_size=4).map(lambda data: Digest(hashlib.sha256(data).hexdigest()))
sources = st.builds(Source, data=digests, events=st.none() | digests, size=st.just(1))


@given(one=sources, other=sources)
def test_the_digest_of_the_content_tells_all_pairs_apart(one: Source, other: Source) -> None:
    assert (content_digest(one) == content_digest(other)) == (one == other)
    assert re.fullmatch("[0-9a-f]{64}", content_digest(one))


# Keys


@given(name=names)
def test_every_unicode_form_of_a_name_has_one_key(name: Name) -> None:
    forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")}

    assert {key_of(Name(form)) for form in forms} == {key_of(name)}


@given(name=st.text("abcxyzÄÖÜäöüéßΣσςİжЖあ 01/-", min_size=1, max_size=30).map(Name))
def test_every_case_of_a_name_has_one_key(name: Name) -> None:
    assert {key_of(Name(form)) for form in (name.lower(), name.casefold())} == {key_of(name)}
    assert key_of(Name(name.replace("İ", "").upper())) == key_of(Name(name.replace("İ", "")))


@given(name=names)
def test_a_key_is_its_own_key(name: Name) -> None:
    assert key_of(Name(key_of(name))) == key_of(name)


@given(one=st.text("ab1-_./ ", max_size=8).map(Name), other=st.text("ab1-_./ ", max_size=8).map(Name))
def test_names_that_differ_in_more_than_that_have_keys_of_their_own(one: Name, other: Name) -> None:
    assert (key_of(one) == key_of(other)) == (one == other)


@given(path=st.text(min_size=1), name=st.text(st.characters(exclude_characters="\0"), min_size=1).map(Name))
def test_a_file_without_a_name_has_a_key_that_no_name_has(path: str, name: Name) -> None:
    assert key_without_name(RelPath(path)) != key_of(name)
    assert key_without_name(RelPath(path)) != key_without_name(RelPath(f"{path}x"))


# Slugs

SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:~[0-9a-f]{8})?")
RESERVED = {"con", "prn", "aux", "nul", *[f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)]}
twisted = names | st.text("./\\~ -_aAbB\n", min_size=1, max_size=120).map(Name)


@given(name=twisted | st.sampled_from(["..", ".", "~", "a~b", "con", "CON.txt", "Lpt1", "a.", "-rf", ".hidden", "v2"]))
def test_a_slug_is_a_safe_folder_name_everywhere(name: str) -> None:
    slug = slug_of(Name(name))

    assert SAFE.fullmatch(slug), slug
    assert len(slug) <= 100
    assert not slug.endswith(".")
    assert slug.split(".")[0].lower() not in RESERVED
    assert not re.fullmatch(r"v\d+", slug), "older versions lie in v1, v2 …"


@pytest.mark.parametrize("name", ["roster", "Roster-2024_07.v2", "0", "a" * 100])
def test_a_name_that_is_safe_is_its_own_slug(name: str) -> None:
    assert slug_of(Name(name)) == name


@pytest.mark.parametrize("name", ["2024/07/roster", "räume", "a" * 101, "nul", "a.", " a", "a~12345678", "😀"])
def test_a_name_that_is_not_gets_a_digest(name: str) -> None:
    assert re.fullmatch(r".+~[0-9a-f]{8}", slug_of(Name(name)))


@given(one=twisted, other=twisted)
@example(one=Name("a/b"), other=Name("a-b"))
@example(one=Name("a/b"), other=Name("a b"))
@example(one=Name("Ä"), other=Name("Ö"))
@example(one=Name("a/b"), other=Name(slug_of(Name("a/b"))))
def test_different_names_have_different_slugs_also_where_case_does_not_count(one: Name, other: Name) -> None:
    assume(key_of(one) != key_of(other))

    assert slug_of(one).lower() != slug_of(other).lower()


# Dates


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("2024-07-01.csv", date(2024, 7, 1)),
        ("20240701.csv", date(2024, 7, 1)),
        ("2024_07_01.csv", date(2024, 7, 1)),
        ("2024.07.01.csv", date(2024, 7, 1)),
        ("2024/07/01.csv", date(2024, 7, 1)),
        ("2024/07/01/roster.csv", date(2024, 7, 1)),
        ("roster-2024-07-01T0200.csv", date(2024, 7, 1)),
        ("2023/12/31/export-20240101.csv", date(2024, 1, 1)),
        ("2024-02-29.csv", date(2024, 2, 29)),
        ("2024-07-01/2023-02-29.csv", date(2024, 7, 1)),
        ("2023-02-29.csv", None),
        ("2024-13-01.csv", None),
        ("0000-01-01.csv", None),
        ("2024-07_01.csv", None),
        ("2024-7-1.csv", None),
        ("01-07-2024.csv", None),
        ("120240701.csv", None),
        ("202407011.csv", None),
        ("２０２４-０７-０１.csv", None),
        ("roster.csv", None),
        ("", None),
    ],
)
def test_the_last_real_date_of_a_path_is_found(path: str, found: date | None) -> None:
    assert date_in(RelPath(path)) == found


@given(
    day=st.dates(date(1, 1, 1)),
    form=st.sampled_from(["-", "_", ".", "/", ""]),
    before=st.text("ab-_/. ", max_size=8),
    after=st.text("ab-_/. ", max_size=8),
)
def test_every_real_date_is_found_in_every_form(day: date, form: str, before: str, after: str) -> None:
    written = f"{day.year:04}{form}{day.month:02}{form}{day.day:02}"

    assert date_in(RelPath(f"{before}{written}{after}")) == day


@given(path=st.text("0123456789-_./a", max_size=40))
def test_whatever_the_digits_a_date_is_real_or_none(path: str) -> None:
    found = date_in(RelPath(path))

    assert found is None or f"{found.year:04}" in path


# On a screen


@given(text=st.text(st.characters() | st.sampled_from("\n\x1b\x07\x9b\u202e\u2066\udcff\ud800"), max_size=40))
def test_what_is_shown_drives_no_terminal_and_can_be_written_anywhere(text: str) -> None:
    shown = printable(text)

    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert printable(shown) == shown


@given(text=st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=40))
def test_what_is_printable_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\nb", "a\\nb"), ("\x1b[2J", "\\x1b[2J"), ("\u202etxt", "\\u202etxt"), ("\udcff", "\\udcff"), ("é 😀", "é 😀")],
)
def test_what_is_not_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


# Flaws


@pytest.mark.parametrize("path", ["a.csv", "2024/Räume 1.csv", "あ/b.csv", "x" * 400, "é" * 200])
def test_a_path_without_a_flaw_can_be_a_name(path: str) -> None:
    assert flaw_in(path) == ""


@pytest.mark.parametrize("path", ["a\n.csv", "a\0.csv", "\x1b.csv", "\udcff.csv", "\u202egnp.csv", "\u200b.csv"])
def test_a_path_that_could_fool_a_terminal_is_flawed(path: str) -> None:
    assert "rename the file" in flaw_in(path)


@pytest.mark.parametrize("path", ["x" * 401, "é" * 201])
def test_a_path_that_is_too_long_is_flawed(path: str) -> None:
    assert "longer than 400 bytes" in flaw_in(path)


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u3000"])
def test_a_space_of_another_width_is_no_control_character(space: str) -> None:
    """macOS and Japanese systems put them into file names; they neither hide nor drive anything."""
    assert flaw_in(f"roster{space}1.csv") == ""
