"""Where values come from, which source wins, and how each tells its own mistakes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.config import ADDRESSES, CREDENTIALS, FOLDERS, Settings, load
from orchestrator.config.sources import from_environment, from_file, from_overrides
from orchestrator.errors import ConfigError

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(content: str | bytes) -> Path:
        path = tmp_path / "target.toml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


NEEDS = (CREDENTIALS, ADDRESSES, FOLDERS)


def problems(path: Path | None, *overrides: str, **environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path, overrides=overrides, environ=environ)
    return caught.value.problems


def lacking(path: Path | None, *overrides: str, folder: Path | None = None, **environ: str) -> list[str]:
    """The keys of which a run would be told, without the place where they stand."""
    with pytest.raises(ConfigError) as caught:
        load(path, overrides=overrides, environ=environ, folder=folder, needs=NEEDS)
    return [line.removeprefix(f"{path}: ").partition(": ")[0] for line in caught.value.problems]


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may read everything, so a test of what may not be read has to step down for a moment."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_without_any_source_the_defaults_hold() -> None:
    assert load(None, environ={}) == Settings()


def test_the_process_environment_is_read_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATOR_LIMITS__UPLOADS", "7")

    assert load(None).limits.uploads == 7


def test_settings_made_directly_read_nothing_of_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMITS", '{"uploads": 7}')
    monkeypatch.setenv("LIMITS__UPLOADS", "7")

    assert Settings().limits.uploads == 16


def test_each_source_overrides_the_ones_below_it_key_by_key(write: Write) -> None:
    file = write("[limits]\nuploads = 2\npolls = 2\nin_flight = 200\n[input]\nfolder = 'file'\nminimum = 5")
    environ = {"ORCHESTRATOR_LIMITS__UPLOADS": "3", "ORCHESTRATOR_LIMITS__POLLS": "3"}

    settings = load(file, environ=environ, overrides=["limits.uploads=4"], folder=Path("argument"))

    assert (settings.limits.in_flight, settings.limits.polls, settings.limits.uploads) == (200, 3, 4)
    assert (settings.input.folder, settings.input.minimum) == (Path("argument"), 5)


def test_the_folders_of_the_command_line_win_over_everything() -> None:
    overrides = ["input.folder=a", "output.folder=b"]

    settings = load(None, environ={}, overrides=overrides, folder=Path("in"), output=Path("to"))

    assert (settings.input.folder, settings.output.folder) == (Path("in"), Path("to"))


def test_the_last_of_several_overrides_of_a_key_wins() -> None:
    assert load(None, environ={}, overrides=["limits.polls=2", "limits.polls=3"]).limits.polls == 3


def test_an_override_keeps_the_equals_signs_of_its_value() -> None:
    assert load(None, environ={}, overrides=["target.id=a=b=c"]).target.id == "a=b=c"


def test_an_override_mends_a_bad_value_of_the_file(write: Write) -> None:
    assert load(write("[limits]\nuploads = 0"), environ={}, overrides=["limits.uploads=1"]).limits.uploads == 1


@pytest.mark.parametrize(
    "name", ["ORCHESTRATOR_LIMITS__UPLOADS", "orchestrator_limits__uploads", "Orchestrator_Limits__Uploads"]
)
def test_variables_are_found_in_any_case(name: str) -> None:
    assert load(None, environ={name: "9"}).limits.uploads == 9


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("target.overwrite=true", True),
        ("target.overwrite=TRUE", True),
        ("target.overwrite=1", True),
        ("target.overwrite=false", False),
        ("target.overwrite=0", False),
        ("limits.uploads=12", 12),
        ("limits.rate=2.5", 2.5),
        ("limits.rate=3", 3.0),
        ("limits.bytes=2MiB", 2 * 1024 * 1024),
        ("limits.bytes=1048576", 1048576),
        ("polling.give_up=90", 90.0),
        ("polling.give_up=12h", 43200.0),
        ("target.results=feedback", ("feedback",)),
        ("target.results=feedback, other", ("feedback", "other")),
        ('target.results=["feedback","other"]', ("feedback", "other")),
        ("target.results=", ()),
        ("target.client_id=123", "123"),
        ("input.folder=/data/in", Path("/data/in")),
        ("validation.schema=platform", ("platform",)),
        ("validation.schema=a.toml, b.toml", ("a.toml", "b.toml")),
    ],
)
def test_text_is_read_as_the_type_of_its_key(override: str, expected: object) -> None:
    path, _, text = override.partition("=")
    section, _, key = path.partition(".")
    variable = f"ORCHESTRATOR_{section}__{key}".upper()

    by_override = load(None, environ={}, overrides=[override])
    by_environment = load(None, environ={variable: text})

    attribute = "schema_names" if key == "schema" else key
    assert getattr(getattr(by_override, section), attribute) == expected
    assert by_environment == by_override


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "target.overwrite=yes",
            'target.overwrite: "yes" is not true or false. Write true or false, without quotes.',
        ),
        (
            "limits.uploads=many",
            'limits.uploads: "many" is not a whole number. Write a whole number, without quotes.',
        ),
        (
            "limits.uploads=1.5",
            'limits.uploads: "1.5" is not a whole number. Write a whole number, without quotes.',
        ),
        ("limits.rate=fast", 'limits.rate: "fast" is not a number. Write a number, without quotes.'),
        ("target.results=[1", 'target.results: "[1" is not a list. Write it as in ["feedback"].'),
        (
            "target.results=" + "[" * 9999,
            f'target.results: "{"[" * 60}…" is not a list. Write it as in ["feedback"].',
        ),
        ("target.results=[1]", "target.results: 1 is not text. Write it in quotes."),
        ("target.results=[[]]", "target.results: a list is not text. Write it in quotes."),
    ],
)
def test_text_that_is_not_of_the_type_of_its_key_is_a_problem(override: str, message: str) -> None:
    assert problems(None, override) == (f"--set {message}",)


def test_a_wrong_value_is_told_with_the_place_where_it_stands(write: Write) -> None:
    file = write("[limits]\nuploads = 0\npolls = 0\nrate = -1\n[input]\nminimum = 0\n[output]\nfolder = 'x'")

    told = problems(file, "limits.rate=-2", ORCHESTRATOR_LIMITS__POLLS="0", ORCHESTRATOR_INPUT__MINIMUM="-1")

    assert {line.partition(": 0 is")[0].partition(": -")[0] for line in told} == {
        f"{file}: limits.uploads",
        "ORCHESTRATOR_LIMITS__POLLS",
        "ORCHESTRATOR_INPUT__MINIMUM",
        "--set limits.rate",
    }


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[limits]\nupload = 3", "limits.upload: is not a known key. Did you mean limits.uploads?"),
        ("[target]\nuploads = 3", "target.uploads: is not a known key. Did you mean limits.uploads?"),
        ("[ouput]\nfolder = 'x'", "ouput: is not a known key. Did you mean output?"),
        ("settle = 3", "settle: is not a known key. Did you mean input.settle?"),
        ("limits = 3", "limits: is not a section. Write [limits] on its own line, the keys below it."),
        ("[[limits]]", "limits: is not a section. Write [limits] on its own line, the keys below it."),
        ("[output]\nx = 1", "output.x: is not a known key. The keys here are output.folder."),
        (
            "[zzz]\nx = 1",
            "zzz: is not a known key. Keys are written section.key; "
            "the sections are input, output, target, validation, limits, polling.",
        ),
        (
            "[validation]\nschema_name = 'platform'",
            "validation.schema_name: is not a known key. Did you mean validation.schema?",
        ),
        ('[output]\n"a\\nb" = 1', "output.a\\nb: is not a known key. The keys here are output.folder."),
    ],
)
def test_an_unknown_key_of_the_file_is_a_problem_with_a_suggestion(write: Write, toml: str, message: str) -> None:
    assert problems(path := write(toml)) == (f"{path}: {message}",)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("ORCHESTRATOR_LIMITS__UPLOAD", "Did you mean ORCHESTRATOR_LIMITS__UPLOADS?"),
        ("ORCHESTRATOR_TARGET_API_KEY", "Did you mean ORCHESTRATOR_TARGET__API_KEY?"),
        ("orchestrator_ouput__folder", "Did you mean ORCHESTRATOR_OUTPUT__FOLDER?"),
        ("ORCHESTRATOR_POLLS", "Did you mean ORCHESTRATOR_LIMITS__POLLS?"),
        ("ORCHESTRATOR_OUTPUT__ZZZ", "The keys here are ORCHESTRATOR_OUTPUT__FOLDER."),
        ("ORCHESTRATOR_", "the sections are input, output, target, validation, limits, polling."),
    ],
)
def test_an_unknown_variable_of_ours_is_a_problem_with_a_suggestion(name: str, suggestion: str) -> None:
    (problem,) = problems(None, **{name: "x"})

    assert problem.startswith(f"{name}: is not a known key.")
    assert problem.endswith(suggestion)


def test_variables_of_others_are_none_of_our_business() -> None:
    assert load(None, environ={"PATH": "/bin", "ORCHESTRATORS": "x", "LIMITS__UPLOADS": "0"}) == Settings()


def test_two_spellings_of_one_variable_are_a_problem() -> None:
    given = {"ORCHESTRATOR_LIMITS__POLLS": "2", "orchestrator_limits__polls": "3"}

    assert problems(None, **given) == (
        "orchestrator_limits__polls: sets the same as ORCHESTRATOR_LIMITS__POLLS. Unset one of them.",
    )


def test_an_unknown_key_of_an_override_is_a_problem_with_a_suggestion() -> None:
    assert problems(None, "limits.upload=3") == (
        "--set limits.upload: is not a known key. Did you mean limits.uploads?",
    )


@pytest.mark.parametrize("override", ["limits.uploads", "uploads=3", "=3", "", "limits uploads=3", "a.b.c=1"])
def test_an_override_of_another_shape_is_a_problem(override: str) -> None:
    assert problems(None, "limits.polls=1", override) == (
        "--set number 2: is not section.key=value. Write it as in limits.uploads=8.",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[limits]\nuploads = ", "line 2, column 11: invalid value"),
        ("[limits]\nuploads = sixteen\n", "line 2, column 11: invalid value"),
        ("[limits\n", "line 1, column 8: expected ']' at the end of a table declaration"),
        ("x = 'a\nb'", "line 1, column 7: found invalid character '\\n'"),
        ("[a]\n[a]\n", "line 2, column 3: cannot declare ('a',) twice"),
        ("x = " + "9" * 5000, "somewhere: a number of thousands of digits"),
        ("x = " + "[" * 50_000, "somewhere: a number of thousands of digits, or brackets nested as deep"),
    ],
)
def test_malformed_toml_is_a_problem_with_its_place(write: Write, content: str, message: str) -> None:
    path = write(content)

    (problem,) = problems(path)

    assert problem.startswith(f"{path}: is not valid TOML: {message}")
    assert problem.endswith(". Mend it there; text needs quotes.")


def test_a_byte_order_mark_is_no_problem(write: Write) -> None:
    assert load(write(b"\xef\xbb\xbf[limits]\r\nuploads = 3\r\n"), environ={}).limits.uploads == 3


def test_a_file_in_another_encoding_is_a_problem_with_its_line(write: Write) -> None:
    path = write("[target]\nid = 'é'".encode("latin-1"))

    assert problems(path) == (f"{path}: is not UTF-8 in line 2. Save it in UTF-8.",)


def test_a_file_of_more_than_a_mebibyte_is_a_problem(write: Write) -> None:
    path = write("#" * (1024 * 1024 + 1))

    assert problems(path) == (f"{path}: is larger than 1 MiB. Name the configuration, not a data file.",)


def test_a_file_of_exactly_a_mebibyte_is_read(write: Write) -> None:
    assert load(write("#" * (1024 * 1024)), environ={}) == Settings()


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "absent.toml"

    assert problems(path) == (f"{path}: there is no such file. Name an existing configuration file.",)


def test_a_directory_in_place_of_the_file_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path) == (f"{tmp_path}: is a directory. Name the configuration file in it.",)


def test_a_file_that_may_not_be_read_is_a_problem(write: Write) -> None:
    path = write("")
    path.chmod(0)

    with unprivileged():
        (problem,) = problems(path)

    assert problem.startswith(f"{path}: may not be read by this user.")


def test_any_other_failure_to_read_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "loop.toml"
    path.symlink_to(path)

    (problem,) = problems(path)

    assert problem.startswith(f"{path}: cannot be read (Too many levels of symbolic links).")


def test_all_problems_of_all_sources_are_told_at_once(write: Write, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("")
    file = write(
        "[input]\nfolder = 'nowhere'\n[limits]\nuploads = 0\nupload = 1\n"
        "[target]\nbase_url = 'http://api.example.com'\nclient_secret = 'x'\n"
        f"api_key_file = '{secret}'\n[polling]\nfactor = nan"
    )

    told = lacking(
        file, "input.minimum=-1", "nothing", ORCHESTRATOR_FOO="1", ORCHESTRATOR_TARGET__OVERWRITE_ENCODING="x"
    )

    assert told == [
        "limits.upload",
        "target.client_secret",
        "ORCHESTRATOR_FOO",
        "--set number 2",
        "target.api_key_file",
        "--set input.minimum",
        "target.base_url",
        "ORCHESTRATOR_TARGET__OVERWRITE_ENCODING",
        "limits.uploads",
        "polling.factor",
        "target.client_id",
        "target.token_url",
        "input.folder",
    ]


ENDGRATE = ["target.api_key", "target.session_id", "target.endgrate_type"]
PLATFORM = ["target.client_id", "target.client_secret", "target.api_key", "target.base_url", "target.token_url"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", PLATFORM),
        ("kind = 'endgrate'", ENDGRATE),
        ("kind = 'endgrat'", ["target.kind"]),
        ("kind = 3", ["target.kind"]),
        ("session_id = 'x'", ["target.session_id"]),  # it may be the kind that was left out
        ("client_id = 3", ["target.client_id", *PLATFORM[1:]]),
        ("base_url = 'ftp://h'", ["target.base_url", *PLATFORM[:3], "target.token_url"]),
        ("secrets_dir = '/nonexistent'", ["target.secrets_dir", "target.client_id", *PLATFORM[3:]]),
        ("secrets_dir = 3", ["target.secrets_dir", "target.client_id", *PLATFORM[3:]]),
        ("api_key_file = '/nonexistent'", ["target.api_key_file", *PLATFORM[:2], *PLATFORM[3:]]),
        ("api_key_file = 3", ["target.api_key_file", *PLATFORM[:2], *PLATFORM[3:]]),
        ("api_key = 'x'", ["target.api_key", *PLATFORM[:2], *PLATFORM[3:]]),
        ("part_rows = -1\npart_bytes = -1", ["target.part_rows", "target.part_bytes", *PLATFORM]),
    ],
)
def test_each_problem_is_told_once_and_nothing_that_hangs_on_what_is_not_known(
    write: Write, tmp_path: Path, content: str, told: list[str]
) -> None:
    assert lacking(write(f"[target]\n{content}"), folder=tmp_path) == told


def test_what_is_amiss_with_values_that_do_not_go_together_hides_nothing_else(write: Write) -> None:
    told = lacking(write("[validation]\ndelimiter = '\"'\n[limits]\nuploads = 2000\nin_flight = 8"), "input.folder=x")

    assert told == ["validation.escape", "limits.uploads", *PLATFORM, "input.folder"]


@pytest.mark.parametrize("override", ["target.client_secret=x", "target.api_key=x"])
def test_a_secret_that_was_given_in_a_wrong_way_is_not_called_missing(tmp_path: Path, override: str) -> None:
    given = override.partition("=")[0]

    assert lacking(None, override, folder=tmp_path) == [given, *(key for key in PLATFORM if key != given)]


def test_a_secret_of_several_lines_is_not_called_missing(tmp_path: Path) -> None:
    told = lacking(None, folder=tmp_path, ORCHESTRATOR_TARGET__API_KEY="one\ntwo")

    assert told == ["ORCHESTRATOR_TARGET__API_KEY", *(key for key in PLATFORM if key != "target.api_key")]


def test_of_a_file_that_cannot_be_read_nothing_is_guessed(write: Write, tmp_path: Path) -> None:
    broken = write("[target")

    assert [line.partition(": ")[0] for line in problems(broken)] == [str(broken)]
    assert lacking(broken)[1:] == []
    assert lacking(broken, folder=tmp_path / "nowhere")[1:] == ["input.folder"]


def test_who_has_no_use_for_secrets_has_none_looked_for(tmp_path: Path) -> None:
    overrides = ["target.secrets_dir=/nonexistent", "target.api_key_file=/nonexistent"]

    target = load(None, environ={}, overrides=overrides, secrets=False).target

    assert target.secrets_dir == "/nonexistent"


def test_the_other_sources_are_checked_when_the_file_cannot_be_read(tmp_path: Path) -> None:
    told = problems(tmp_path / "absent.toml", "limits.uploads=0")

    assert [line.partition(": ")[0] for line in told] == [str(tmp_path / "absent.toml"), "--set limits.uploads"]


def test_the_error_carries_nothing_of_the_library() -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, environ={}, overrides=["limits.uploads=0"])

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "pydantic" not in str(caught.value)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_read_or_told_in_single_lines(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    told: list[str] = []

    from_file(path, told)

    assert all(line.isprintable() for line in told)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_override_and_variable_is_read_or_told_in_single_lines(text: str, value: str) -> None:
    told: list[str] = []

    from_environment({f"ORCHESTRATOR_{text}": value}, told)
    from_overrides([text, f"{text}={value}", f"target.{text}={value}"], told)

    assert all(line.isprintable() for line in told)


def test_a_key_of_another_kind_of_target_is_a_problem(write: Write) -> None:
    (problem,) = problems(write("[target]\nkind = 'tao'\noverwrite = true"))

    assert problem.endswith("target.overwrite: is a key of another kind of target. Take it out, or check target.kind.")
