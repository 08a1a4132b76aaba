"""The input folder: which files are there, and a safe way to open them.

Nothing is followed and nothing blocks: symbolic links, pipes, devices and folders that carry the name of a
CSV file are listed with their fault, never opened. So are folders that cannot be looked into; their paths end
with a slash. Files are opened piece by piece below the folder, so that a link that is planted in between is
refused as well.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from pathlib import Path, PurePosixPath

from orchestrator import naming
from orchestrator.errors import ConfigError
from orchestrator.model import RelPath
from orchestrator.ports import File, Stamp

_KINDS = (
    (stat.S_ISLNK, "a symbolic link, which is never followed: put the file itself here"),
    (stat.S_ISDIR, "a folder that carries the name of a file: rename it"),
    (stat.S_ISFIFO, "a pipe, not a file: put a regular file here"),
    (stat.S_ISSOCK, "a socket, not a file: put a regular file here"),
    (stat.S_ISCHR, "a device, not a file: put a regular file here"),
    (stat.S_ISBLK, "a device, not a file: put a regular file here"),
)
_LINK = (
    "a symbolic link to a folder, or to nothing, which is never followed: put the folder itself here, or take it away"
)
_MEND = "let this user read and enter it, or put it somewhere else"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderConfig:
    root: Path
    pattern: str = "**/*.csv"
    events: str = "{stem}.events.csv"
    events_required: bool = False
    leave_out: Path | None = None
    """A folder that is not looked into: the output, when it lies inside the input."""


class Folder:
    def __init__(self, config: FolderConfig) -> None:
        self._config = config
        self._wanted = glob_to_regex(config.pattern)
        self._on_the_way = folders_of(config.pattern)
        before, _, after = config.events.partition("{stem}")
        self._companion = re.compile(f"{re.escape(before)}(?P<stem>.+){re.escape(after)}", re.DOTALL | re.IGNORECASE)

    def list(self) -> list[File]:
        """Every file of interest, by path. Raises ConfigError when the folder itself cannot be read."""
        files: list[File] = []
        out = _identity(self._config.leave_out) if self._config.leave_out else None
        pending = [""]
        while pending:
            folder = pending.pop()
            try:
                entries = self._entries(folder)
            except OSError as error:
                if not folder:
                    raise _unlistable(self._config.root, error.strerror) from None
                files.append(_refused(folder, f"a folder that cannot be listed ({error.strerror}): {_MEND}"))
                continue
            files += self._files(folder, entries)
            for name, info in entries.items():
                below = f"{folder}/{name}" if folder else name
                if not self._may_hold_files(below):
                    continue
                if stat.S_ISDIR(info.st_mode) and (info.st_dev, info.st_ino) != out:
                    pending.append(below)
                elif stat.S_ISLNK(info.st_mode) and self._may_lead_to_a_folder(below, out):
                    files.append(_refused(below, _LINK))
        return sorted(files, key=lambda file: file.path)

    @property
    def root(self) -> Path:
        return self._config.root

    def look_again(self, file: File) -> File:
        """The same file as it is now, with a companion that came meanwhile."""
        events = file.events or self.companion_of(file.path)
        events_stamp = self.stamp(events) if events else None
        return replace(
            file,
            stamp=self.stamp(file.path),
            events=events if file.events or events_stamp else None,
            events_stamp=events_stamp,
        )

    def stamp(self, path: RelPath) -> Stamp | None:
        """None when it is gone."""
        try:
            return stamp_of(os.lstat(self._config.root / path))
        except OSError:
            return None

    def content_stamp(self, path: RelPath) -> tuple[int, ...]:
        """Other when somebody touched the file or its companion."""
        there = [self.stamp(path), self.stamp(events) if (events := self.companion_of(path)) else None]
        return tuple(number for stamp in there if stamp is not None for number in astuple(stamp))

    def beginning(self, path: RelPath) -> bytes:
        """Enough of a file to tell a byte order mark. Raises OSError."""
        with open(self.open(path), "rb", buffering=0) as file:
            return file.read(4)

    def open(self, path: RelPath) -> int:
        """A descriptor of a regular file, opened without following anything. Raises OSError."""
        *folders, name = path.split("/")
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        here = os.open(self._config.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for folder in folders:
                below = os.open(folder, flags | os.O_DIRECTORY, dir_fd=here)
                os.close(here)
                here = below
            found = os.open(name, flags, dir_fd=here)
        finally:
            os.close(here)
        if not stat.S_ISREG(os.fstat(found).st_mode):
            os.close(found)
            raise OSError("not a regular file")
        return found

    def companion_of(self, path: RelPath) -> RelPath | None:
        """How the file of events beside *path* is called, whether it is there or not; None: there are none."""
        if not self._config.events:
            return None
        pure = PurePosixPath(path)
        return RelPath(str(pure.with_name(self._config.events.replace("{stem}", pure.stem))))

    def _may_hold_files(self, folder: str) -> bool:
        """Whether the pattern leads into it; one that carries the name of a file is listed as such."""
        return bool(self._on_the_way.fullmatch(folder)) and not self._wanted.fullmatch(folder)

    def _may_lead_to_a_folder(self, link: str, out: tuple[int, int] | None) -> bool:
        """Other than that of the output. What lies behind a broken link may be a folder tomorrow."""
        try:
            info = os.stat(self._config.root / link)
        except OSError:
            return True
        return stat.S_ISDIR(info.st_mode) and (info.st_dev, info.st_ino) != out

    def _entries(self, folder: str) -> dict[str, os.stat_result]:
        """All but the hidden ones as lstat sees them. What goes away while we look is not there. Raises OSError."""
        entries: dict[str, os.stat_result] = {}
        try:
            with os.scandir(self._config.root / folder) as found:
                for entry in found:
                    if entry.name[0] != ".":
                        with suppress(FileNotFoundError):
                            entries[entry.name] = entry.stat(follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            if not folder:
                raise
        return entries

    def _files(self, folder: str, entries: dict[str, os.stat_result]) -> Iterator[File]:
        prefix = f"{folder}/" if folder else ""
        companions = {m["stem"]: name for name in entries if (m := self._companion_match(name))}
        stems, taken = set(), set(companions.values())
        for name, info in entries.items():
            if name in taken or not self._wanted.fullmatch(prefix + name):
                continue
            stem = PurePosixPath(name).stem
            stems.add(stem)
            events = companions.get(stem)
            yield self._file(prefix, name, info, events, entries[events] if events else None)
        for stem, name in companions.items():
            if stem not in stems and self._wanted.fullmatch(prefix + name):
                yield File(
                    path=RelPath(naming.path_in_words(prefix + name)),
                    fault="an orphan: a file of events without its data file beside it. Add the data file",
                )

    def _companion_match(self, name: str) -> re.Match[str] | None:
        return self._companion.fullmatch(name) if self._config.events else None

    def _file(
        self,
        prefix: str,
        name: str,
        info: os.stat_result,
        events: str | None,
        events_info: os.stat_result | None,
    ) -> File:
        fault = naming.flaw_in(prefix + name) or _fault_of(info)
        if events_info is not None and not fault and (of_events := _fault_of(events_info)):
            fault = f"its file of events is {of_events}"
        if events is None and self._config.events_required and not fault:
            fault = "no file of events beside it, and input.events_required is set"
        return File(
            path=RelPath(naming.path_in_words(prefix + name) if fault else prefix + name),
            size=info.st_size + (events_info.st_size if events_info else 0),
            events=RelPath(prefix + events) if events else None,
            stamp=stamp_of(info),
            events_stamp=stamp_of(events_info) if events_info else None,
            fault=fault,
        )


def _unlistable(folder: Path, why: str | None) -> ConfigError:
    shown = naming.printable(str(folder))
    return ConfigError(f"input.folder: {shown} cannot be listed ({why}). Name a readable folder.")


def _refused(folder: str, fault: str) -> File:
    return File(path=RelPath(naming.path_in_words(folder) + "/"), fault=fault)


def _identity(folder: Path) -> tuple[int, int] | None:
    """Which folder it is, however it is spelled; None when it does not exist yet."""
    try:
        info = folder.stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino


def folders_of(pattern: str) -> re.Pattern[str]:
    """Every folder on the way to what the pattern may match."""
    way = ""
    for part in reversed(pattern.split("/")[:-1]):
        way = "(?:.+)?" if part == "**" else f"(?:{glob_to_regex(part).pattern}(?:/{way})?)?"
    return re.compile(way, re.IGNORECASE | re.DOTALL)


def glob_to_regex(pattern: str) -> re.Pattern[str]:
    """Shell-like: `*` and `?` stay within a folder, `**/` spans folders. Case does not matter."""
    meaning = {"**/": "(?:.+/)?", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*|\?)", pattern)
    return re.compile("".join(meaning.get(p) or re.escape(p) for p in pieces), re.IGNORECASE | re.DOTALL)


def stamp_of(info: os.stat_result) -> Stamp:
    return Stamp(size=info.st_size, mtime_ns=info.st_mtime_ns, inode=info.st_ino)


def _fault_of(info: os.stat_result) -> str:
    return next((fault for is_kind, fault in _KINDS if is_kind(info.st_mode)), "")
