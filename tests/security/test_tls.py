"""Nothing is said to a server that cannot prove who it is, in TLS of this age (S-6)."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import TypeAlias

import pytest
from targets.remote import TOKEN, UUID, Remote, assert_tells_no_secret, make_remote
from targets.wire import answer, grant, scripted

from orchestrator.config import Settings
from orchestrator.edges.http import open_http
from orchestrator.errors import Misdirected, TargetError, Unreachable

Servers: TypeAlias = "tuple[Authority, dict[str, ssl.SSLContext]]"
KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"


@dataclass(frozen=True)
class Authority:
    """Signs certificates for whom it is told to."""

    folder: Path
    name: str

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.pem"

    @property
    def key(self) -> Path:
        return self.folder / f"{self.name}.key"

    def sign(self, server: str, host: str = "IP:127.0.0.1", days: int = 2) -> tuple[Path, Path]:
        """A certificate and its key; *days* below zero: it has run out."""
        request, key, certificate = (self.folder / f"{server}.{end}" for end in ("csr", "key", "crt"))
        openssl(f"req {KEY} -subj /CN={server} -addext subjectAltName={host}", out=request, keyout=key)
        openssl(
            f"x509 -req -in {request} -CA {self.file} -CAkey {self.key} -days {days} -copy_extensions copy",
            out=certificate,
        )
        return certificate, key


def openssl(words: str, **files: Path) -> None:
    command = ["openssl", *words.split(), *(word for name, file in files.items() for word in (f"-{name}", str(file)))]
    subprocess.run(command, check=True, capture_output=True)


def authority(folder: Path, name: str) -> Authority:
    made = Authority(folder, name)
    openssl(f"req -x509 {KEY} -days 2 -subj /CN={name}", out=made.file, keyout=made.key)
    return made


def context(certificate: Path, key: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made


def of_another_age(certificate: Path, key: Path) -> ssl.SSLContext:
    made = context(certificate, key)
    made.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        made.minimum_version, made.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return made


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Servers:
    """The authority that is trusted, and each server by what is to be said of it."""
    if which("openssl") is None:
        pytest.skip("there is no openssl here to make certificates with, so TLS was NOT tested")
    folder = tmp_path_factory.mktemp("tls")
    ours, unknown = authority(folder, "ours"), authority(folder, "unknown")
    good = ours.sign("good")
    return ours, {
        "good": context(*good),
        "for another host": context(*ours.sign("other", host="DNS:other.example")),
        "run out": context(*ours.sign("old", days=-1)),
        "of an unknown authority": context(*unknown.sign("foreign")),
        "its own authority": context(unknown.file, unknown.key),
        "of another age": of_another_age(*good),
    }


IMPOSTORS = ["for another host", "run out", "of an unknown authority", "its own authority", "of another age"]
MEANING: dict[str, type[TargetError]] = {"of another age": Unreachable}
"""Such a server hangs up as soon as it hears what we speak."""

USES: dict[str, Callable[[Remote], Awaitable[object]]] = {
    "token": lambda remote: remote.platform.sign_in(),
    "upload": lambda remote: remote.upload(),
    "poll": lambda remote: remote.platform.check(TOKEN),
    "result": lambda remote: remote.platform.fetch(TOKEN, "feedback"),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("who", IMPOSTORS)
async def test_not_a_byte_is_said_to_a_server_whose_certificate_is(
    tmp_path: Path, servers: Servers, who: str, use: str
) -> None:
    ours, contexts = servers
    async with (
        scripted(answer(200, UUID), tokens=(grant(),), tls=contexts[who]) as impostor,
        scripted() as identity,
        open_http(tmp_path, ca_file=str(ours.file)) as http,
    ):
        token_url = impostor.token_url if use == "token" else identity.token_url
        remote = make_remote(impostor.url, token_url, http)
        with pytest.raises(MEANING.get(who, Misdirected)) as caught:
            await USES[use](remote)

        assert impostor.connections == 0, "no handshake came to its end, so no request could be said"
        assert impostor.requests == impostor.token_requests == []
        assert len(identity.token_requests) == (use != "token")
    assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("use", USES)
async def test_all_is_said_to_the_right_server(tmp_path: Path, servers: Servers, use: str) -> None:
    ours, contexts = servers
    says = UUID if use == "upload" else "completedsuccessfully"
    async with (
        scripted(answer(200, says), tls=contexts["good"]) as server,
        open_http(tmp_path, ca_file=str(ours.file)) as http,
    ):
        await USES[use](make_remote(server.url, server.token_url, http))

        assert len(server.token_requests) == 1
        assert len(server.requests) == (use != "token")


async def test_the_server_of_another_age_does_serve_those_who_speak_as_it_does(servers: Servers) -> None:
    ours, contexts = servers
    client = ssl.create_default_context(cafile=str(ours.file))
    client.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        client.minimum_version = ssl.TLSVersion.TLSv1
    async with scripted(tls=contexts["of another age"]) as server:
        port = int(server.url.rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
        assert writer.get_extra_info("ssl_object").version() == "TLSv1.1"
        writer.close()
        await writer.wait_closed()


def test_there_is_no_switch_that_turns_the_check_off() -> None:
    doubtful = ("insecure", "verify", "tls", "ssl", "check_host")
    names = {f"{section}.{key}" for section, part in Settings() for key in type(part).model_fields}

    assert "target.ca_file" in names
    assert [name for name in names if any(word in name for word in doubtful)] == []
