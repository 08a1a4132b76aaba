"""What each key takes, and what is said about everything else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestrator.config import PlatformTarget, Settings, load, rules, target_id
from orchestrator.config.problems import explain, shown

LOOPBACKS = ["localhost", "LOCALHOST", "127.0.0.1", "127.9.8.7", "[::1]"]
FOREIGN = [
    "api.example.com",
    "169.254.169.254",
    "localhost.example.com",
    "127.0.0.1.example.com",
    "127.1",
    "2130706433",
    "0.0.0.0",
    "[::2]",
    "[::ffff:10.0.0.1]",
]


def told(section: str, **values: object) -> list[str]:
    """The problems of *values*, given with the types that TOML has."""
    try:
        Settings(**{section: values})  # type: ignore[arg-type]  # tables in place of models, as from a file
    except ValidationError as error:
        return explain(error.errors(include_url=False), ())
    return []


def accepts(path: str, value: object) -> bool:
    section, _, key = path.partition(".")
    return told(section, **{key: value}) == []


ACCEPTED: Mapping[str, list[object]] = {
    "input.folder": ["in", "/data/in", ".", Path("x")],
    "input.pattern": ["*.csv", "**/*.csv", "a/**/b-*.csv", "[ab].csv"],
    "input.events": ["", "{stem}.events.csv", "events/{stem}.csv", "{stem}-{stem}.csv", "{stem}"],
    "input.events_required": [True, False],
    "input.settle": [0, 0.0, 2.5, "1m"],
    "input.minimum": [0, 1, 10**9],
    "output.folder": ["out"],
    "target.kind": ["platform", "tao"],
    "target.id": ["", "district 7"],
    "target.client_id": ["", "11111111-2222-3333-4444-555555555555", "example.com"],
    "target.name": ["{relative}", "{stem}", "{sha12}", "{date}-{stem}", "a {relative} b"],
    "target.scope": ["", "platform_upload_api", "a b"],
    "target.basic_encoding": ["form", "raw"],
    "target.overwrite_encoding": ["string", "bool"],
    "target.results": [[], ["feedback"], ["a-1", "b_2"]],
    "target.ca_file": ["", __file__],
    "validation.schema": ["platform", ["tao"], ["a.toml", "b.json"]],
    "validation.on_bad_rows": ["reject_file", "drop_rows"],
    "validation.encoding": ["utf-8", "UTF8", "cp1252", "latin-1", "utf-16", "shift_jis"],
    "validation.delimiter": [",", ";", "|", "\t", "tab", " "],
    "validation.quote": ['"', "'", ""],
    "validation.escape": ["", "\\"],
    "limits.uploads": [1, 1000],
    "limits.in_flight": [16, 100_000],
    "limits.polls": [1, 1000],
    "limits.bytes": [1_048_576, "1MiB", "1 mib", "1.5GiB", "2MB", "1048576"],
    "limits.rate": [0, 0.5, 100],
    "limits.grace": [0, 25, "1m"],
    "polling.first": [0, 2.0, "2s"],
    "polling.factor": [1, 1.5],
    "polling.cap": [0.1, "1m"],
    "polling.deadline": [1, "30m"],
    "polling.give_up": [1, "3d", "12h", "30m", "45s", "90", "1.5h"],
}

REFUSED: Mapping[str, list[tuple[object, str]]] = {
    "input.folder": [
        ("", '"" is no folder. Name one; "." is the current one.'),
        ("a\0b", '"a\\x00b" holds a control character. Take it out.'),
        (3, "3 is not a path. Write it in quotes."),
        ([], "a list is not a path. Write it in quotes."),
    ],
    "input.pattern": [
        ("", '"" finds nothing. Use "**/*.csv" for every CSV file below the folder.'),
        (".", '"." finds nothing. Use "**/*.csv" for every CSV file below the folder.'),
        ("/x/*.csv", '"/x/*.csv" leaves the folder. Write it relative to the folder, without "..".'),
        ("a/../*.csv", '"a/../*.csv" leaves the folder. Write it relative to the folder, without "..".'),
        ("a**/*.csv", '"a**/*.csv" has a "**" that is not alone. Write it as in "**/*.csv".'),
        ("***", '"***" has a "**" that is not alone. Write it as in "**/*.csv".'),
        ("a\n.csv", '"a\\n.csv" holds a control character. Take it out.'),
        (3, "3 is not text. Write it in quotes."),
    ],
    "input.events": [
        ("{stem}.csv", '"{stem}.csv" is the file itself. Use another name, as in "{stem}.events.csv".'),
        ("./{stem}.csv", '"./{stem}.csv" is the file itself. Use another name, as in "{stem}.events.csv".'),
        (
            "events.csv",
            '"events.csv" fits no file. Use {stem}, and no other placeholder, as in "{stem}.events.csv"; '
            '"" means no companions.',
        ),
        (
            "{stem}{x}.csv",
            '"{stem}{x}.csv" fits no file. Use {stem}, and no other placeholder, as in "{stem}.events.csv"; '
            '"" means no companions.',
        ),
        (
            "../{stem}.csv",
            '"../{stem}.csv" leaves the folder. Write it relative to the folder, without "..".',
        ),
    ],
    "input.events_required": [(1, "1 is not true or false. Write true or false, without quotes.")],
    "input.settle": [
        (-1, "-1 is too small. Use 0 or more."),
        (True, "true is not a number. Write a number, without quotes."),
        (10**9, "1000000000 is too large. Use 315360000 or less."),
    ],
    "input.minimum": [
        (-1, "-1 is too small. Use 0 or more."),
        (1.0, "1.0 is not a whole number. Write a whole number, without quotes."),
        (True, "true is not a whole number. Write a whole number, without quotes."),
    ],
    "target.kind": [
        ("oat", '"oat" is not known. This version knows "platform", "tao", "endgrate", "package.module:NAME".'),
        ("", '"" is not known. This version knows "platform", "tao", "endgrate", "package.module:NAME".'),
        (3, '"3" is not known. This version knows "platform", "tao", "endgrate", "package.module:NAME".'),
    ],
    "target.id": [("a\tb", '"a\\tb" holds a control character. Take it out.')],
    "target.client_id": [
        (5, "5 is not text. Write it in quotes."),
        ({"a": 1}, "a table is not text. Write it in quotes."),
        ("\udc80", '"\\udc80" holds a control character. Take it out.'),
    ],
    "target.ca_file": [
        ("/nonexistent.pem", '"/nonexistent.pem" is no file. Name a PEM file; "" means those of the system.'),
    ],
    "target.basic_encoding": [("url", '"url" is not known. This version knows "form" or "raw".')],
    "target.overwrite_encoding": [(True, 'true is not known. This version knows "string" or "bool".')],
    "target.overwrite": [("true", '"true" is not true or false. Write true or false, without quotes.')],
    "target.sole_writer": [(0, "0 is not true or false. Write true or false, without quotes.")],
    "target.name": [
        ("", '"" does not tell files apart. Use {relative}, {stem} or {sha12}.'),
        ("{date}", '"{date}" does not tell files apart. Use {relative}, {stem} or {sha12}.'),
        *(
            (
                name,
                f'"{name}" has an unknown placeholder or a stray brace. '
                "Known are {relative}, {stem}, {sha12} and {date}.",
            )
            for name in ("{name}", "{stem}{", "}{stem}", "{{stem}}", "{stem!r}", "{stem:>9}", "{Stem}", "{}")
        ),
    ],
    "target.results": [
        ("feedback", '"feedback" is not a list. Write it as in ["feedback"].'),
        ([""], '"" is not a kind of result. Use a-z, 0-9, _ and - only.'),
        (["Feedback"], '"Feedback" is not a kind of result. Use a-z, 0-9, _ and - only.'),
        (["a&b"], '"a&b" is not a kind of result. Use a-z, 0-9, _ and - only.'),
        (["a\n"], '"a\\n" is not a kind of result. Use a-z, 0-9, _ and - only.'),
        (["status"], '"status" is what polling asks for, not a result. Take it out.'),
        (["a", "b", "a"], '"a" stands there more than once. Keep one.'),
        ([3], "3 is not text. Write it in quotes."),
    ],
    "validation.schema": [(3, '3 is not a list. Write it as in ["feedback"].')],
    "validation.on_bad_rows": [
        ("ignore", '"ignore" is not known. This version knows "reject_file" or "drop_rows".'),
    ],
    "validation.encoding": [
        (name, f'"{name}" is no text encoding that Python knows. Use one such as "utf-8" or "cp1252".')
        for name in ("", "utf-9", "base64", "rot13", "zlib", "undefined", "idna", "punycode", "../utf-8")
    ],
    "validation.delimiter": [
        ("", '"" is no sign. Write the one between two cells, as ",".'),
        (";;", '";;" is no single sign. Write one, or "tab".'),
    ],
    "validation.escape": [
        ("x", "the escape is no single sign. Use one that is neither letter, digit nor line end."),
        (",", "delimiter, quote and escape are not all different. Use three signs."),
    ],
    "limits.uploads": [
        (0, "0 is too small. Use 1 or more."),
        (1001, "1001 is too large. Use 1000 or less."),
        ("16", '"16" is not a whole number. Write a whole number, without quotes.'),
        (10**99, "a huge number is too large. Use 1000 or less."),
    ],
    "limits.in_flight": [
        (0, "0 is too small. Use 1 or more."),
        (100_001, "100001 is too large. Use 100000 or less."),
        (15, "15 is less than limits.uploads, 16. Raise it, or lower limits.uploads."),
    ],
    "limits.polls": [(0, "0 is too small. Use 1 or more."), (1001, "1001 is too large. Use 1000 or less.")],
    "limits.bytes": [
        (1_048_575, "1048575 is too small. Use 1048576 or more."),
        ("1B", "1 is too small. Use 1048576 or more."),
        ("256 furlongs", '"256 furlongs" is not a size. Write a number of bytes, or as in "256MiB".'),
        ("-1MiB", '"-1MiB" is not a size. Write a number of bytes, or as in "256MiB".'),
        ("", '"" is not a size. Write a number of bytes, or as in "256MiB".'),
        ("1.23456789KiB", '"1.23456789KiB" is not a whole number of bytes. Write fewer digits.'),
        (1e9, "1000000000.0 is not a whole number. Write a whole number, without quotes."),
    ],
    "limits.rate": [(-0.1, "-0.1 is too small. Use 0 or more.")],
    "limits.grace": [(-1, "-1 is too small. Use 0 or more.")],
    "polling.first": [(-1, "-1 is too small. Use 0 or more.")],
    "polling.factor": [(0.9, "0.9 is too small. Use 1 or more.")],
    "polling.cap": [(0, "0 is too small. Use more than 0.")],
    "polling.deadline": [(0, "0 is too small. Use more than 0.")],
    "polling.give_up": [
        ("0d", "0.0 is too small. Use more than 0."),
        *(
            (text, f'"{text}" is not a duration. Write seconds, or as in "45s", "30m", "12h", "3d".')
            for text in ("", "3w", "d", "3 days", "-3d", "3D", "1h30m", "nan", "inf")
        ),
        (None, "a value of this type is not a number. Write a number, without quotes."),
    ],
}


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, row in ACCEPTED.items() for value in row])
def test_a_good_value_is_accepted(path: str, value: object) -> None:
    section, _, key = path.partition(".")

    assert told(section, **{key: value}) == []


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [(path, value, message) for path, row in REFUSED.items() for value, message in row],
)
def test_a_bad_value_is_told_with_its_key_the_reason_and_a_remedy(path: str, value: object, message: str) -> None:
    section, _, key = path.partition(".")

    assert told(section, **{key: value}) == [f"{path}: {message}"]


NUMBERS = ["input.settle", "limits.rate", "limits.grace"] + [
    f"polling.{key}" for key in ("first", "factor", "cap", "deadline", "give_up")
]


@pytest.mark.parametrize("path", NUMBERS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_no_number_may_be_infinite_or_none_at_all(path: str, value: float) -> None:
    section, _, key = path.partition(".")

    (problem,) = told(section, **{key: value})

    assert problem.startswith(f"{path}: ")
    assert not accepts(path, str(value))


@pytest.mark.parametrize("host", LOOPBACKS)
@pytest.mark.parametrize("key", ["base_url", "token_url"])
def test_http_is_accepted_for_loopback(key: str, host: str) -> None:
    assert accepts(f"target.{key}", f"http://{host}:8080/x")
    assert accepts(f"target.{key}", f"https://{host}")


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("key", ["base_url", "token_url"])
def test_http_is_refused_for_every_other_host(key: str, host: str) -> None:
    url = f"http://{host}"

    assert told("target", **{key: url}) == [
        f'target.{key}: "{url}" is not https. Use https:// (http is accepted for loopback only).'
    ]
    assert accepts(f"target.{key}", f"https://{host}")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com",
        "HTTPS://API.example.com",
        "https://h:8443/a/b",
        "https://mock_api:1",
        "https://xn--bcher-kva.example",
    ],
)
def test_an_https_url_is_accepted(url: str) -> None:
    assert accepts("target.base_url", url)
    assert accepts("target.token_url", url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "is not a URL"),
        ("api.example.com", "is not a URL"),
        ("https:api.example.com", "is not a URL"),
        ("https://api example.com", "is not a URL"),
        ("https://h\\evil.com", "is not a URL"),
        ("https://h/\nx", "holds a control character"),
        ("ftp://api.example.com", "is not https"),
        ("file:///etc/passwd", "has no valid host"),
        ("https://", "has no valid host"),
        ("https:///path", "has no valid host"),
        ("https://:443", "has no valid host"),
        ("https://h:", "has no valid host"),
        ("https://h:0", "has no valid host"),
        ("https://h:65536", "has no valid host"),
        ("https://h:http", "has no valid host"),
        ("https://h:-1", "has no valid host"),
        ("https://[::1", "has no valid host"),
        ("https://[zz]", "has no valid host"),
        ("https://bücher.example", "has no valid host"),
        ("https://a..b", "has no valid host"),
        ("https://a%2eb", "has no valid host"),
        ("https://h/?a=b", "holds a query"),
        ("https://h/?", "holds a query"),
        ("https://h/#a", "holds a fragment"),
        ("https://user@h/", "holds a user or a password"),
        ("https://user:hunter2@h/", "holds a user or a password"),
    ],
)
@pytest.mark.parametrize("key", ["base_url", "token_url"])
def test_a_url_that_may_send_credentials_elsewhere_is_refused(key: str, url: str, words: str) -> None:
    (problem,) = told("target", **{key: url})

    assert problem.startswith(f"target.{key}: ")
    assert words in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize("url", ["https://h/api", "https://h/api/", "https://h/api///"])
def test_the_slash_at_the_end_of_the_base_url_is_dropped(url: str) -> None:
    assert load(None, environ={}, overrides=[f"target.base_url={url}"]).target.base_url == "https://h/api"


def test_the_token_url_is_taken_as_it_is() -> None:
    url = "https://h/connect/token/"

    assert load(None, environ={}, overrides=[f"target.token_url={url}"]).target.token_url == url


def test_the_companion_may_not_be_the_file_itself_whatever_its_suffix() -> None:
    assert told("input", pattern="*.txt", events="{stem}.txt") == [
        'input.events: "{stem}.txt" is the file itself. Use another name, as in "{stem}.events.csv".'
    ]


def test_a_bad_pattern_is_not_told_again_for_the_companions() -> None:
    assert len(told("input", pattern="", events="{stem}.txt")) == 1


def test_companions_cannot_be_required_where_there_are_none() -> None:
    assert told("input", events="", events_required=True) == [
        "input.events_required: true asks for what input.events rules out. Set input.events, or use false."
    ]


def test_a_bad_number_of_uploads_is_not_told_again_for_the_files_in_flight() -> None:
    assert told("limits", uploads=0, in_flight=1) == ["limits.uploads: 0 is too small. Use 1 or more."]


def test_a_finding_that_we_have_no_words_for_is_still_told() -> None:
    finding: dict[str, Any] = {"type": "new_in_pydantic_9", "loc": ("limits", "polls"), "input": 3}

    assert explain([finding], ()) == [
        "limits.polls: 3 cannot be used here. Write it as the commented example of the configuration does."
    ]


@pytest.mark.parametrize("section", ["input", "output", "target", "validation", "limits", "polling"])
def test_no_part_of_the_settings_can_be_changed(section: str) -> None:
    settings = Settings()
    part = getattr(settings, section)

    with pytest.raises(ValidationError):
        setattr(settings, section, part)
    with pytest.raises(ValidationError):
        setattr(part, next(iter(type(part).model_fields)), None)
    assert isinstance(hash(settings), int)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, "platform https://api.example.com e3b0c442"),
        ({"client_id": "abc"}, "platform https://api.example.com ba7816bf"),
        ({"base_url": "HTTPS://API.Example.com:443/some/path"}, "platform https://api.example.com e3b0c442"),
        ({"base_url": "http://localhost:80"}, "platform http://localhost e3b0c442"),
        ({"base_url": "http://[::1]:8080"}, "platform http://[::1]:8080 e3b0c442"),
        ({"base_url": "https://h:80"}, "platform https://h:80 e3b0c442"),
        ({"id": "district 7", "client_id": "abc"}, "district 7"),
    ],
)
def test_the_target_is_known_by_its_id_or_by_kind_origin_and_client(target: dict[str, str], expected: str) -> None:
    settings = load(None, environ={}, overrides=[f"target.{key}={value}" for key, value in target.items()])

    assert target_id(settings) == expected


@given(st.integers(1, 3000), st.sampled_from([("s", 1), ("m", 60), ("h", 3600), ("d", 86400), ("", 1)]))
def test_a_duration_is_its_number_times_its_unit(count: int, unit: tuple[str, int]) -> None:
    assert rules.seconds(f"{count}{unit[0]}") == rules.seconds(f" {count} {unit[0]} ") == count * unit[1]


@given(st.integers(0, 10**12), st.sampled_from(["", "B", "KB", "KiB", "MB", "MiB", "GB", "GiB", "TB", "TiB"]))
def test_a_size_is_its_number_times_its_unit(count: int, unit: str) -> None:
    power = "BKMGT".index(unit[0]) if unit else 0

    assert rules.size(f"{count}{unit}") == count * (1024 if "i" in unit else 1000) ** power


@given(st.text(max_size=30) | st.from_regex(r"[0-9.]{1,30}[smhdKMGiB]{0,3}", fullmatch=True))
def test_any_text_is_a_duration_and_a_size_or_a_problem_on_one_line(text: str) -> None:
    for section, key in (("polling", "give_up"), ("limits", "bytes")):
        assert all(line.isprintable() for line in told(section, **{key: text}))


PIECES = st.lists(
    st.sampled_from(["{relative}", "{stem}", "{sha12}", "{date}", "{other}", "{", "}"]) | st.text("ab-_/ ", max_size=3)
)


@given(PIECES)
def test_a_name_is_accepted_exactly_when_its_placeholders_are_known_and_tell_files_apart(
    pieces: list[str],
) -> None:
    template = "".join(pieces)
    fields = {"relative": "", "stem": "", "sha12": "", "date": ""}
    try:
        plain = template.format_map(fields)
        good = "{" not in plain and "}" not in plain and "{{" not in template and "}}" not in template
    except (ValueError, KeyError, IndexError):
        good = False
    good = good and any("{" + key + "}" in template for key in ("relative", "stem", "sha12"))

    assert accepts("target.name", template) == good


@given(st.text())
def test_any_value_is_shown_on_one_line(text: str) -> None:
    assert shown(text).isprintable()


@given(st.text(max_size=40), st.sampled_from(["", "https://", "http://"]))
def test_any_url_is_accepted_or_a_problem_on_one_line(text: str, scheme: str) -> None:
    url = scheme + text

    problems = told("target", base_url=url)

    assert all(line.isprintable() for line in problems)
    if not problems:
        assert target_id(Settings(target=PlatformTarget(base_url=url))).isprintable()


def test_a_number_that_cannot_even_be_printed_is_told() -> None:
    assert told("limits", uploads=16**5000) == ["limits.uploads: a huge number is too large. Use 1000 or less."]


def test_a_remote_of_ones_own_has_no_address_until_somebody_gives_one() -> None:
    assert told("target", kind="stash:Stash") == [
        "target.base_url: is missing. Write it into the configuration.",
    ]
