"""The section `[target]`: what every remote API has in common, and the keys that each kind adds."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, SecretStr, Tag

from orchestrator.config import rules
from orchestrator.config.section import Bytes, Names, Section, Text

Endpoint = Annotated[Text, AfterValidator(rules.endpoint)]
Base = Annotated[Endpoint, AfterValidator(lambda url: url.rstrip("/"))]
Path = Annotated[Text, AfterValidator(rules.url_path)]
PathOfId = Annotated[Path, AfterValidator(rules.url_path_of_id)]
Results = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(rules.results)]

DEFAULT_KIND = "platform"
_OWN = "package.module:NAME"
LARGEST_PART = 64 << 20
"""Bytes: a part is held in memory while it is sent."""


class Target(Section):
    """Common to all kinds."""

    needs: ClassVar[tuple[str, ...]] = ()
    """What has no default, and without which nothing can be sent: credentials, and names that the remote goes by."""
    may_need: ClassVar[tuple[str, ...]] = ()
    """What else is handed on where it is given."""
    takes: ClassVar[tuple[str, ...]] = ()
    """The schemas of its files, one of which each of them has to fit."""
    takes_events: ClassVar[str] = ""
    """The schema of the companion that travels with a file, where there is one."""

    kind: str
    id: Text = ""
    base_url: Base
    ca_file: Annotated[Text, AfterValidator(rules.certificates)] = ""
    secrets_dir: Text = ""
    name: Annotated[Text, AfterValidator(rules.name)] = "{relative}"
    part_rows: int = Field(0, ge=0)
    part_bytes: Bytes = Field(0, ge=0, le=LARGEST_PART)

    @property
    def account(self) -> str:
        """Whose data it is at the remote; no secret."""
        return ""

    @property
    def overwrites(self) -> bool:
        """Whether every send may replace what stands under its Name."""
        return False

    @property
    def adds(self) -> bool | None:
        """Whether what is sent comes to what was sent before under its Name, and takes the place of nothing.

        None where nobody has said.
        """
        return True

    @property
    def keeps_changed(self) -> bool:
        """Whether a changed file is kept back where its rows would only come to those of the version before."""
        return False

    @property
    def takes_increments(self) -> bool:
        """Whether each version of a file holds nothing but new rows."""
        return self.adds is not False and not self.keeps_changed

    @property
    def key_column(self) -> str:
        """By which column the remote finds its records again, if it does: every row needs a value of its own there."""
        return ""

    @property
    def nests(self) -> bool:
        """Whether it gets records: a column `a.b` is field b in a."""
        return False

    @property
    def tracks(self) -> bool:
        """Whether the remote can be asked what became of a job."""
        return True


class Adding(Target):
    """One whose rows may come to those that were sent before, and stand there beside them."""

    increments: bool = False

    @property
    def keeps_changed(self) -> bool:
        return self.adds is not False and not self.increments


class Client(Target):
    """One that signs in with OAuth2 client credentials."""

    needs: ClassVar[tuple[str, ...]] = ("client_id", "client_secret")

    client_id: Text = ""
    client_secret: SecretStr | None = None
    client_secret_file: Text = ""

    @property
    def account(self) -> str:
        return self.client_id


class PlatformTarget(Client):
    needs: ClassVar[tuple[str, ...]] = ("client_id", "client_secret", "api_key")
    takes: ClassVar[tuple[str, ...]] = ("platform.data",)
    takes_events: ClassVar[str] = "platform.events"

    kind: Literal["platform"] = "platform"
    base_url: Base = "https://api.example.com"
    token_url: Endpoint = "https://identity.example.com/connect/token"  # noqa: S105  # an address
    api_key: SecretStr | None = None
    api_key_file: Text = ""
    scope: Text = "platform_upload_api"
    basic_encoding: Literal["form", "raw"] = "form"
    overwrite: bool = False
    overwrite_encoding: Literal["string", "bool"] = "string"
    sole_writer: bool = False
    results: Results = ("feedback", "tableofresultids")

    @property
    def overwrites(self) -> bool:
        return self.overwrite

    @property
    def adds(self) -> bool:
        return False


class TaoTarget(Client, Adding):
    takes: ClassVar[tuple[str, ...]] = ("tao",)

    kind: Literal["tao"] = "tao"
    base_url: Base = "https://tao.example.com"
    token_path: Path = "/api/v1/oauth2/tokens"  # noqa: S105  # a path
    upload_path: Path = "/api/v1/upload"
    status_path: PathOfId = "/api/v1/status/{id}"
    download_path: PathOfId = "/api/v1/download/{id}"
    token_body: Literal["form", "multipart", "json"] = "form"  # noqa: S105  # a form
    scope: Text = ""
    resend: Literal["upserts", "always", "never"] = "upserts"
    result_hosts: Annotated[Names, AfterValidator(rules.hosts)] = ()
    part_bytes: Bytes = Field(10_000_000, ge=0, le=LARGEST_PART)

    @property
    def tracks(self) -> bool:
        return bool(self.status_path)


class EndgrateTarget(Adding):
    needs: ClassVar[tuple[str, ...]] = ("api_key", "session_id", "endgrate_type")
    takes: ClassVar[tuple[str, ...]] = ("endgrate.records",)

    kind: Literal["endgrate"] = "endgrate"
    base_url: Base = "https://endgrate.com"
    api_key: SecretStr | None = None
    api_key_file: Text = ""
    session_id: Text = ""
    endgrate_type: Text = ""
    key: Text = ""
    sync: bool = False
    part_rows: int = Field(250, ge=0)

    @property
    def account(self) -> str:
        return self.endgrate_type

    @property
    def key_column(self) -> str:
        return self.key

    @property
    def nests(self) -> bool:
        return True


class OwnTarget(Adding):
    """A remote API that somebody else knows: *kind* names where, as in `package.module:NAME`."""

    may_need: ClassVar[tuple[str, ...]] = ("client_id", "client_secret", "api_key")

    client_id: Text = ""
    client_secret: SecretStr | None = None
    client_secret_file: Text = ""
    api_key: SecretStr | None = None
    api_key_file: Text = ""
    options: dict[str, Any] = Field(default_factory=dict)
    replaces: bool | None = None

    @property
    def adds(self) -> bool | None:
        return None if self.replaces is None else not self.replaces

    @property
    def account(self) -> str:
        return self.client_id


KINDS: dict[str, type[Target]] = {"platform": PlatformTarget, "tao": TaoTarget, "endgrate": EndgrateTarget}


def kind_of(values: Any) -> str:
    """Of a section as it was read, or as it was made; one that does not say is the first kind that there was."""
    kind = values.get("kind", DEFAULT_KIND) if isinstance(values, dict) else getattr(values, "kind", "")
    return kind if isinstance(kind, str) else repr(kind)


def model_of(kind: str) -> type[Target]:
    """The keys that a target of this kind has; of one that nobody knows those that all have."""
    return KINDS.get(kind, OwnTarget if ":" in kind else Target)


def _tag_of(values: Any) -> str:
    kind = kind_of(values)
    return _OWN if ":" in kind else kind


AnyTarget: TypeAlias = Annotated[
    Annotated[PlatformTarget, Tag("platform")]
    | Annotated[TaoTarget, Tag("tao")]
    | Annotated[EndgrateTarget, Tag("endgrate")]
    | Annotated[OwnTarget, Tag(_OWN)],
    Discriminator(_tag_of),
]
