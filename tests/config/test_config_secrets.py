"""Where the secrets may come from, how each place is guarded, and that they appear nowhere."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from orchestrator.config import Credentials, PlatformTarget, Settings, load, renewable, require_secrets
from orchestrator.errors import ConfigError

CANARY = "canary-s3cr3t-7f"
SECRET = "ORCHESTRATOR_TARGET__CLIENT_SECRET"
KEY = "ORCHESTRATOR_TARGET__API_KEY"
ID = {"ORCHESTRATOR_TARGET__CLIENT_ID": "id"}

Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    def make(name: str, content: str | bytes, mode: int = 0o600) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return path

    return make


def secret(environ: Mapping[str, str], *overrides: str) -> str | None:
    value = load(None, environ=environ, overrides=overrides).target.client_secret
    return None if value is None else value.get_secret_value()


def problem(environ: Mapping[str, str], *overrides: str, path: Path | None = None) -> str:
    """The only problem, proven to say nothing of the canary on any way by which an error reaches a log."""
    with pytest.raises(ConfigError) as caught:
        load(path, environ=environ, overrides=overrides)
    error = caught.value
    told = [str(error), repr(error), *traceback.format_exception(error), repr(error.__context__)]
    assert CANARY not in "".join(told)
    assert error.__context__ is None
    (line,) = error.problems
    return line


def test_the_environment_gives_both_secrets() -> None:
    settings = load(None, environ={**ID, SECRET: "one", KEY: "two"})

    assert require_secrets(settings) == Credentials(client_id="id", client_secret="one", api_key="two")


def test_a_secret_in_the_environment_is_text_even_if_it_looks_like_a_number_or_json() -> None:
    assert secret({SECRET: "00123"}) == "00123"
    assert secret({SECRET: '["a"]'}) == '["a"]'


@pytest.mark.parametrize("text", ["s=cr%t", " a b ", "ü", "a\\nb", "'quoted'"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_is_taken_as_it_is_but_for_the_newline_at_its_end(put: Put, text: str, end: str) -> None:
    path = put("secret", text + end)

    assert secret({}, f"target.client_secret_file={path}") == text
    assert secret({SECRET: text + end}) == text


def test_a_byte_order_mark_is_no_part_of_the_secret(put: Put) -> None:
    path = put("secret", b"\xef\xbb\xbfone")

    assert secret({}, f"target.client_secret_file={path}") == "one"


def test_the_environment_wins_over_a_file_and_a_file_over_the_directories(put: Put) -> None:
    named = put("named", "from the file")
    directory = put("dir/client_secret", "from the directory").parent
    systemd = put("systemd/client_secret", "from systemd").parent
    environ = {"CREDENTIALS_DIRECTORY": str(systemd)}
    by_directory = f"target.secrets_dir={directory}"
    by_file = f"target.client_secret_file={named}"

    assert secret(environ) == "from systemd"
    assert secret(environ, by_directory) == "from the directory"
    assert secret(environ, by_directory, by_file) == "from the file"
    assert secret({**environ, SECRET: "from the environment"}, by_directory, by_file) == "from the environment"


def test_each_secret_is_looked_for_on_its_own(put: Put) -> None:
    directory = put("dir/api_key", "two").parent

    settings = load(None, environ={**ID, SECRET: "one"}, overrides=[f"target.secrets_dir={directory}"])

    assert require_secrets(settings) == Credentials(client_id="id", client_secret="one", api_key="two")


def test_the_places_can_stand_in_the_file(put: Put) -> None:
    path = put("c.toml", f"[target]\nclient_secret_file = '{put('secret', 'one')}'")

    settings = load(path, environ={})

    assert settings.target.client_secret is not None
    assert settings.target.client_secret.get_secret_value() == "one"


@pytest.mark.parametrize("kind", ["tao", "endgrate", "platform"])
def test_a_secret_in_the_environment_that_the_kind_of_the_target_does_not_take_is_left_alone(kind: str) -> None:
    environ = {SECRET: CANARY, KEY: CANARY}

    target = load(None, environ=environ, overrides=[f"target.kind={kind}"]).target

    taken = {name for name in ("client_secret", "api_key") if getattr(target, name, None) is not None}
    assert taken == {"client_secret", "api_key"} & {*target.needs}
    with pytest.raises(ConfigError, match="TARGET__CLIENT_SECERT: is not a known key"):
        load(None, environ={**environ, "ORCHESTRATOR_TARGET__CLIENT_SECERT": "x"}, overrides=[f"target.kind={kind}"])


def test_a_file_that_is_not_needed_is_not_looked_at() -> None:
    assert secret({SECRET: "one"}, "target.client_secret_file=/nonexistent") == "one"


def test_an_empty_variable_counts_as_none(put: Put) -> None:
    assert secret({SECRET: ""}) is None
    assert secret({SECRET: "\n"}) is None
    assert secret({SECRET: ""}, f"target.client_secret_file={put('secret', 'one')}") == "one"


def test_a_file_of_a_secret_may_be_a_link_as_container_runtimes_make_it(put: Put, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(put("secret", "one"))

    assert secret({}, f"target.client_secret_file={link}") == "one"


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_that_only_its_owner_can_reach_is_read(put: Put, mode: int) -> None:
    assert secret({}, f"target.client_secret_file={put('secret', 'one', mode)}") == "one"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o602, 0o610, 0o601, 0o444, 0o666, 0o777])
@pytest.mark.parametrize("name", ["client_secret", "api_key"])
def test_a_file_that_group_or_others_can_reach_is_refused(put: Put, name: str, mode: int) -> None:
    path = put("a file", CANARY, mode)

    assert problem({}, f"target.{name}_file={path}") == (
        f"target.{name}_file: \"{path}\" has mode {mode:04o}, which lets group or others in. Run: chmod 600 '{path}'"
    )


def test_a_file_in_a_secrets_directory_may_be_shared_with_the_group_only(put: Put) -> None:
    path = put("dir/client_secret", "one", 0o440)
    override = f"target.secrets_dir={path.parent}"

    assert secret({}, override) == "one"

    path.chmod(0o444)

    assert problem({}, override) == (
        f'target.secrets_dir: "{path}" has mode 0444, which lets others in. Run: chmod 600 {path}'
    )


def test_the_modes_in_the_directory_of_systemd_are_those_of_systemd(put: Put) -> None:
    path = put("systemd/client_secret", "one", 0o440)

    assert secret({"CREDENTIALS_DIRECTORY": str(path.parent)}) == "one"


@pytest.mark.parametrize("directory", ["", "/nonexistent"])
def test_a_directory_of_systemd_that_holds_nothing_is_no_problem(directory: str) -> None:
    assert secret({"CREDENTIALS_DIRECTORY": directory}) is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty. Write the secret into it."),
        ("\n", "is empty. Write the secret into it."),
        (f"{CANARY}\n{CANARY}\n", "holds more than one line, or a control character."),
        (f"{CANARY}\0", "holds more than one line, or a control character."),
        (CANARY.encode() + b"\xff", "is not text in UTF-8."),
        (CANARY * 6000, "is too large to be a secret."),
    ],
)
def test_a_file_that_holds_no_secret_is_refused(put: Put, content: str | bytes, words: str) -> None:
    path = put("dir/client_secret", content)

    assert problem({}, f"target.client_secret_file={path}").startswith(f'target.client_secret_file: "{path}" {words}')
    assert problem({}, f"target.secrets_dir={path.parent}").startswith(f'target.secrets_dir: "{path}" {words}')
    assert problem({"CREDENTIALS_DIRECTORY": str(path.parent)}).startswith(f'CREDENTIALS_DIRECTORY: "{path}" {words}')


def test_a_directory_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    assert problem({}, f"target.client_secret_file={tmp_path}") == (
        f'target.client_secret_file: "{tmp_path}" is not a regular file. Name a file that holds the secret.'
    )


@pytest.mark.parametrize("name", ["client_secret", "api_key"])
def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path, name: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)

    assert "is not a regular file" in problem({}, f"target.{name}_file={pipe}")


def test_a_file_that_does_not_exist_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "absent"

    assert problem({}, f"target.api_key_file={path}") == (
        f'target.api_key_file: "{path}" does not exist. Name a file that holds the secret.'
    )


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "loop"
    path.symlink_to(path)

    assert problem({}, f"target.api_key_file={path}") == (
        f'target.api_key_file: "{path}" cannot be read (Too many levels of symbolic links). '
        "Give this user the right, and only this user: chmod 600."
    )


def test_a_secrets_directory_that_is_none_is_a_problem(put: Put) -> None:
    path = put("file", "")

    assert problem({}, f"target.secrets_dir={path}") == (
        f'target.secrets_dir: "{path}" is no directory. Name an existing one.'
    )


def test_a_place_that_is_no_text_is_told_once_by_its_rule(put: Put) -> None:
    path = put("c.toml", "[target]\nclient_secret_file = 3\n")

    assert problem({}, path=path) == f"{path}: target.client_secret_file: 3 is not text. Write it in quotes."


def test_a_place_with_a_nul_is_told_and_not_opened(put: Put) -> None:
    path = put("c.toml", '[target]\nsecrets_dir = "\\u0000"\nclient_secret_file = "\\u0000"\n')

    with pytest.raises(ConfigError, match="control character"):
        load(path, environ={})


@pytest.mark.parametrize("text", [f"{CANARY}\nx", f"{CANARY}\x1b", f"{CANARY}\udcff"])
def test_a_secret_in_the_environment_that_is_no_line_of_text_is_refused(text: str) -> None:
    assert problem({SECRET: text}) == (
        f"{SECRET}: holds more than one line, or a control character. Give the secret and nothing else."
    )


WAYS = (
    "Set ORCHESTRATOR_TARGET__{variable}, or name a file that only you can read in target.{name}_file, "
    "or put a file {name} into target.secrets_dir or systemd's CREDENTIALS_DIRECTORY."
)


@pytest.mark.parametrize("name", ["client_secret", "api_key"])
@pytest.mark.parametrize(
    "toml", ['{name} = "{canary}"', '{name} = ["{canary}"]', '{name}.x = "{canary}"', "{name} = 7"]
)
def test_a_secret_in_the_file_is_refused_with_the_right_places(put: Put, name: str, toml: str) -> None:
    path = put("c.toml", "[target]\n" + toml.format(name=name, canary=CANARY))

    assert problem({}, path=path) == (
        f"{path}: target.{name}: a secret may not stand in the file. {WAYS.format(name=name, variable=name.upper())}"
    )


@pytest.mark.parametrize("name", ["client_secret", "api_key"])
def test_a_secret_in_an_argument_is_refused_with_the_right_places(name: str) -> None:
    assert problem({}, f"target.{name}={CANARY}") == (
        f"target.{name}: a secret may not be an argument, others can see it. "
        f"{WAYS.format(name=name, variable=name.upper())}"
    )


@pytest.mark.parametrize(
    "override",
    [
        f"target.client_secert={CANARY}",
        f"client_secret={CANARY}",
        f"target.client_secret:{CANARY}",
        f"target.client_secret:{CANARY}==",
        f"target.client_secret {CANARY}",
        f"target.client_secret.value={CANARY}",
        CANARY,
        f"{CANARY}=",
        f"TARGET.API_KEY={CANARY}",
        f"target.base_url=https://user:{CANARY}@h",
        f"target.base_url=https://{CANARY}@h",
        f"target.base_url=https://user:p?{CANARY}@h",
        f"target.token_url=https://h/?key={CANARY}",
        f"target.token_url=http://h/#{CANARY}",
        f"target.token_url={CANARY}@h",
    ],
)
def test_a_mistyped_argument_does_not_give_the_secret_away(override: str) -> None:
    assert problem({}, override)


@pytest.mark.parametrize(
    "toml",
    [
        f'[target]\nclient_secert = "{CANARY}"',
        f'target = "{CANARY}"',
        f'[[target]]\nclient_secret = "{CANARY}"',
        f'client_secret = "{CANARY}"',
        f'[taget]\napi_key = "{CANARY}"',
        f'[target]\nclient_secret = "{CANARY}',
        f"[target]\nclient_secret = {CANARY}",
        f'[target]\nclient_secret = "{CANARY}"\nclient_secret = "{CANARY}"',
        f"[target]\nclient_secret : {CANARY}",
        f'[target]\nclient_id = {{ secret = "{CANARY}" }}',
        f'[target]\nclient_id = ["{CANARY}"]',
        f'[target]\nresults = [["{CANARY}"]]',
        f'[target]\nbase_url = "https://u:{CANARY}@h"',
    ],
)
def test_a_mistyped_file_does_not_give_the_secret_away(put: Put, toml: str) -> None:
    assert problem({}, path=put("c.toml", toml))


@pytest.mark.parametrize(
    "name",
    ["ORCHESTRATOR_TARGET__CLIENT_SECERT", "ORCHESTRATOR_CLIENT_SECRET", "ORCHESTRATOR_TARGET__API_KEY__X"],
)
def test_a_mistyped_variable_does_not_give_the_secret_away(name: str) -> None:
    assert problem({name: CANARY}).startswith(f"{name}: is not a known key.")


def test_other_problems_do_not_give_a_good_secret_away(put: Put) -> None:
    environ = {SECRET: CANARY, "target__client_secret": CANARY, "ORCHESTRATOR_TARGET__KIND": "x"}

    assert problem(environ, f"target.api_key_file={put('key', CANARY)}").startswith("ORCHESTRATOR_TARGET__KIND: ")


def test_two_spellings_of_a_secret_variable_do_not_give_it_away() -> None:
    assert problem({SECRET: CANARY, SECRET.lower(): CANARY}).startswith(f"{SECRET.lower()}: sets the same as")


def test_no_view_of_the_settings_shows_a_secret() -> None:
    settings = load(None, environ={**ID, SECRET: CANARY, KEY: CANARY})
    credentials = require_secrets(settings)

    views = [
        repr(settings),
        str(settings),
        repr(settings.target),
        repr(settings.model_dump()),
        settings.model_dump_json(),
        repr(list(settings)),
        repr(credentials),
        str(credentials),
        f"{credentials}",
    ]

    assert CANARY not in "".join(views)
    assert credentials.client_secret == credentials.api_key == CANARY


def test_the_debug_log_of_the_library_shows_no_secret(
    put: Put, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PYDANTIC_SETTINGS_DEBUG", "1")
    caplog.set_level(logging.DEBUG)

    load(None, environ={SECRET: CANARY}, overrides=[f"target.api_key_file={put('key', CANARY)}"])

    assert "SecretStr" in caplog.text
    assert CANARY not in caplog.text


def test_a_secret_of_another_type_is_not_shown_when_the_model_refuses_it() -> None:
    with pytest.raises(ValueError) as caught:
        PlatformTarget(client_secret=[CANARY])  # type: ignore[arg-type]  # what is refused

    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value)


def test_every_missing_credential_is_told_with_all_the_ways_to_give_it() -> None:
    with pytest.raises(ConfigError) as caught:
        require_secrets(Settings())

    assert caught.value.problems == (
        "target.client_id: is missing. Write it into the file, or set ORCHESTRATOR_TARGET__CLIENT_ID.",
        f"target.client_secret: is missing. {WAYS.format(name='client_secret', variable='CLIENT_SECRET')}",
        f"target.api_key: is missing. {WAYS.format(name='api_key', variable='API_KEY')}",
    )


@pytest.mark.parametrize("client_id", ["", "  "])
def test_an_empty_client_id_is_missing(client_id: str) -> None:
    settings = load(None, environ={"ORCHESTRATOR_TARGET__CLIENT_ID": client_id, SECRET: "one", KEY: "two"})

    with pytest.raises(ConfigError, match=r"^target\.client_id: is missing"):
        require_secrets(settings)


def test_what_is_missing_is_told_without_what_is_there() -> None:
    settings = load(None, environ={SECRET: CANARY})

    with pytest.raises(ConfigError) as caught:
        require_secrets(settings)

    assert [line.partition(": ")[0] for line in caught.value.problems] == [
        "target.client_id",
        "target.api_key",
    ]
    assert CANARY not in str(caught.value)


def test_what_a_remote_goes_by_is_asked_for_with_its_secrets_but_is_none_of_them() -> None:
    settings = load(None, environ={KEY: "one"}, overrides=["target.kind=endgrate"])
    with pytest.raises(ConfigError) as caught:
        require_secrets(settings)

    session, kind = caught.value.problems
    assert session.startswith("target.session_id: is missing.")
    assert "orchestrator session initiate" in session
    assert kind.startswith("target.endgrate_type: is missing.")
    assert "ORCHESTRATOR_TARGET__ENDGRATE_TYPE" in kind
    given = load(None, environ={KEY: "one"}, overrides=["target.kind=endgrate", "target.endgrate_type=crm-contact"])
    assert require_secrets(given, but="session_id") == Credentials(api_key="one")


def test_a_run_reads_its_secret_anew_as_it_stands_and_keeps_the_first_where_that_cannot_be_read(put: Put) -> None:
    place = put("client_secret", "one")
    overrides = [f"target.client_secret_file={place}"]

    def again() -> Settings:
        return load(None, environ={**ID, KEY: "two"}, overrides=overrides)

    credentials = renewable(again(), again)
    assert credentials.newest_secret is not None
    assert credentials.client_secret == credentials.newest_secret() == "one"

    place.write_text("renewed")
    assert (credentials.client_secret, credentials.newest_secret()) == ("one", "renewed")

    place.unlink()
    assert credentials.newest_secret() == "one"
