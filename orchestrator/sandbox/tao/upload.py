"""One upload's body, judged in the order in which the vendor's own checks come."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from orchestrator.sandbox.profile import Profile
from orchestrator.sandbox.tao.multipart import MalformedError, Part, boundary_of, is_form, parts
from orchestrator.sandbox.tao.sheet import Sheet, SheetError, read

SLACK = 65_536  # bytes that a form may have around its file
BLANK: dict[str, object] = {"name": None, "sha256": None, "rows": None, "token": None}

_NO_FILE = "No file found in the request."
Problem = tuple[int, str, str]
"""Status, message, and the note for the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file, as far as there is one; with a problem it is refused."""

    filename: str | None = None
    content: bytes = field(default=b"", repr=False)
    sheet: Sheet | None = None
    problem: Problem | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def judge(content_type: str, body: bytes, profile: Profile) -> Upload:
    if not is_form(content_type) or boundary_of(content_type) is None:
        return Upload(problem=(400, _NO_FILE, "no_boundary" if is_form(content_type) else "content_type"))
    knobs = profile.tao
    if len(body) > knobs.max_file + SLACK:
        return Upload(problem=_too_large(len(body), profile))
    try:
        files = [part for part in parts(content_type, body) if part.name == "file" and part.filename is not None]
    except MalformedError:
        return Upload(problem=(400, _NO_FILE, "malformed"))
    if len(files) != 1:
        return Upload(problem=(400, _NO_FILE, "no_file" if not files else "several_files"))
    return _weigh(files[0], profile)


def _weigh(file: Part, profile: Profile) -> Upload:
    name, content = file.filename or "", file.content
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem:
        return Upload(filename=name, problem=(400, "File extension is missing.", "extension"))
    if extension.lower() != "csv":
        message = f'File extension "{extension}" is not allowed. Allowed extensions are: csv'
        return Upload(filename=name, problem=(400, message, "extension"))
    if len(content) > profile.tao.max_file:
        return Upload(filename=name, content=content, problem=_too_large(len(content), profile))
    if profile.validation == "off":
        return Upload(filename=name, content=content)
    try:
        sheet = read(content)
    except SheetError as error:
        return Upload(filename=name, content=content, problem=(400, str(error), "structure"))
    most = profile.tao.max_records
    if most is not None and len(sheet.rows) > most:
        message = f'File records count "{len(sheet.rows)}" exceeds maximum allowed records of "{most}".'
        return Upload(filename=name, content=content, problem=(400, message, "records"))
    return Upload(filename=name, content=content, sheet=sheet)


def _too_large(size: int, profile: Profile) -> Problem:
    message = f'File size "{size}" exceeds maximum allowed size of "{profile.tao.max_file}".'
    return profile.tao.too_large, message, "too_large"


def detail_of(upload: Upload) -> dict[str, object]:
    """What the record says of it."""
    known = upload.filename is not None
    rows = len(upload.sheet.rows) if upload.sheet else None
    return BLANK | {"name": upload.filename, "sha256": upload.sha256 if known else None, "rows": rows}
