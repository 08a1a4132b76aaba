"""The listing: every file of interest once, in one order, and every reason why one cannot be taken."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edges.places import as_an_ordinary_user, open_folder
from orchestrator.edges import folder as module
from orchestrator.edges.folder import Folder, FolderConfig, folders_of, glob_to_regex
from orchestrator.errors import ConfigError
from orchestrator.ports import File


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "inbox"
    root.mkdir()
    return root


def make(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x" * 10)


def listing(root: Path, **how: Any) -> list[File]:
    return Folder(FolderConfig(root=root, **how)).list()


def paths(root: Path, **how: Any) -> list[str]:
    return [file.path for file in listing(root, **how)]


def test_files_come_in_the_order_of_their_paths_however_they_were_made(root: Path) -> None:
    make(root, "b.csv", "a/z.csv", "B.csv", "a.csv", "c/d/e.csv", "10.csv", "9.csv", "a/b.csv")

    expected = ["10.csv", "9.csv", "B.csv", "a.csv", "a/b.csv", "a/z.csv", "b.csv", "c/d/e.csv"]
    assert paths(root) == expected


def test_an_empty_folder_has_no_files(root: Path) -> None:
    assert listing(root) == []


def test_a_file_is_listed_with_its_size_and_stamp_and_without_a_fault(root: Path) -> None:
    make(root, "a.csv")
    info = (root / "a.csv").stat()

    (file,) = listing(root)

    assert (file.path, file.size, file.events, file.fault) == ("a.csv", 10, None, "")
    assert file.stamp is not None
    stamp = (file.stamp.size, file.stamp.mtime_ns, file.stamp.inode)
    assert stamp == (info.st_size, info.st_mtime_ns, info.st_ino)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("**/*.csv", ["2024/07/c.csv", "2024/b.csv", "a.csv", "x/2024/d.csv"]),
        ("*.csv", ["a.csv"]),
        ("2024/*.csv", ["2024/b.csv"]),
        ("2024/**/*.csv", ["2024/07/c.csv", "2024/b.csv"]),
        ("**/2024/*.csv", ["2024/b.csv", "x/2024/d.csv"]),
        ("?.csv", ["a.csv"]),
        ("*/?.csv", ["2024/b.csv"]),
        ("**/*", ["2024/07/c.csv", "2024/b.csv", "a.csv", "notes.txt", "x/2024/d.csv"]),
        ("a.csv", ["a.csv"]),
        ("acsv", []),
    ],
)
def test_the_pattern_chooses_the_files(root: Path, pattern: str, found: list[str]) -> None:
    make(root, "a.csv", "2024/b.csv", "2024/07/c.csv", "x/2024/d.csv", "notes.txt")

    if pattern == "**/*":
        regex = glob_to_regex(pattern)
        assert all(regex.fullmatch(path) for path in found)
        return
    assert paths(root, pattern=pattern) == found


def test_the_case_of_a_suffix_does_not_matter(root: Path) -> None:
    make(root, "A.CSV", "b.Csv", "SUB/c.csv")

    assert paths(root) == ["A.CSV", "SUB/c.csv", "b.Csv"]
    assert paths(root, pattern="sub/*.csv") == ["SUB/c.csv"]


def test_signs_of_a_regular_expression_mean_themselves(root: Path) -> None:
    make(root, "a+(1).csv", "aa1.csv")

    assert paths(root, pattern="a+(1).*") == ["a+(1).csv"]


def test_hidden_files_and_folders_are_left_out(root: Path) -> None:
    make(root, ".a.csv", ".hidden/b.csv", "c/.d.csv", ".~e.csv")

    assert paths(root) == []


def test_the_output_inside_the_input_is_left_out(root: Path) -> None:
    make(root, "a.csv", "out/rejects/a.csv", "out/runs/1/files.csv", "other/out/b.csv")

    assert paths(root, leave_out=root / "out") == ["a.csv", "other/out/b.csv"]


def test_the_output_is_left_out_however_it_is_spelled(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(root, "a.csv", "out/rejects/a.csv")
    monkeypatch.chdir(root.parent)

    assert paths(Path("inbox"), leave_out=root / "out") == ["a.csv"]
    assert paths(root, leave_out=Path("inbox/out")) == ["a.csv"]
    assert paths(root, leave_out=Path("inbox/../inbox/out")) == ["a.csv"]


def test_the_output_is_left_out_also_behind_a_link(root: Path, tmp_path: Path) -> None:
    """Else a run would send its own rejects."""
    make(root, "a.csv", "out/rejects/a.csv")
    (tmp_path / "link").symlink_to(root)

    assert paths(root, leave_out=tmp_path / "link" / "out") == ["a.csv"]


def test_a_companion_travels_with_its_file(root: Path) -> None:
    make(root, "a.csv", "a.events.csv", "sub/a.csv", "b.csv")

    first, second, third = listing(root)

    assert (first.path, first.events, first.size) == ("a.csv", "a.events.csv", 20)
    assert first.events_stamp is not None
    assert first.events_stamp.inode == (root / "a.events.csv").stat().st_ino
    assert (second.path, second.events) == ("b.csv", None)
    assert (third.path, third.events) == ("sub/a.csv", None)


def test_a_companion_is_known_in_any_case(root: Path) -> None:
    """The pattern takes A.CSV, so A.EVENTS.CSV must not go as data of its own."""
    make(root, "A.CSV", "A.EVENTS.CSV")

    (file,) = listing(root)

    assert (file.path, file.events) == ("A.CSV", "A.EVENTS.CSV")


def test_a_companion_may_be_called_otherwise(root: Path) -> None:
    make(root, "a.csv", "events-a.txt", "a.events.csv")

    first, second = listing(root, events="events-{stem}.txt")

    assert (first.path, first.events) == ("a.csv", "events-a.txt")
    assert (second.path, second.events) == ("a.events.csv", None)


def test_without_a_pattern_for_companions_every_file_stands_for_itself(root: Path) -> None:
    make(root, "a.csv", "a.events.csv")

    assert [(file.path, file.events) for file in listing(root, events="")] == [
        ("a.csv", None),
        ("a.events.csv", None),
    ]


def test_an_orphan_is_listed_with_its_fault_and_never_as_data(root: Path) -> None:
    make(root, "a.events.csv", "b.csv", "sub/b.events.csv")

    files = {file.path: file for file in listing(root)}

    assert set(files) == {"a.events.csv", "b.csv", "sub/b.events.csv"}
    assert "orphan" in files["a.events.csv"].fault
    assert "orphan" in files["sub/b.events.csv"].fault
    assert files["b.csv"].fault == ""


def test_a_companion_that_is_required_and_missing_is_a_fault(root: Path) -> None:
    make(root, "a.csv", "a.events.csv", "b.csv")

    first, second = listing(root, events_required=True)

    assert first.fault == ""
    assert "no file of events" in second.fault


def plant_link(place: Path) -> None:
    place.symlink_to("/etc/passwd")


def plant_link_to_folder(place: Path) -> None:
    (place.parent / "elsewhere").mkdir()
    (place.parent / "elsewhere" / "b.csv").touch()
    place.symlink_to(place.parent / "elsewhere")


def plant_device(place: Path) -> None:
    try:
        os.mknod(place, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("making a device needs a right that is missing")


ODD: dict[str, Callable[[Path], Any]] = {
    "symbolic link": plant_link,
    "pipe": os.mkfifo,
    "socket": lambda place: os.mknod(place, stat.S_IFSOCK | 0o600),
    "folder": Path.mkdir,
    "device": plant_device,
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_regular_file_is_listed_with_its_fault_and_never_opened(root: Path, kind: str) -> None:
    ODD[kind](root / "x.csv")

    (file,) = listing(root)

    assert file.path == "x.csv"
    assert kind in file.fault
    with pytest.raises(OSError):
        Folder(FolderConfig(root=root)).open(file.path)


@pytest.mark.parametrize("kind", ODD)
def test_a_companion_that_is_no_regular_file_is_a_fault_of_the_pair(root: Path, kind: str) -> None:
    make(root, "x.csv")
    ODD[kind](root / "x.events.csv")

    (file,) = listing(root)

    assert file.path == "x.csv"
    assert "file of events" in file.fault
    assert kind in file.fault


def test_a_link_to_a_folder_is_refused_and_not_entered(root: Path, tmp_path: Path) -> None:
    make(tmp_path, "elsewhere/b.csv", "inbox/a.csv", "inbox/sub/c.csv")
    (root / "link").symlink_to(tmp_path / "elsewhere")
    (root / "loop").symlink_to(root)
    (root / "sub" / "unmounted").symlink_to(tmp_path / "nowhere")

    faults = {file.path: file.fault for file in listing(root)}

    assert list(faults) == ["a.csv", "link/", "loop/", "sub/c.csv", "sub/unmounted/"]
    assert not faults["a.csv"]
    assert not faults["sub/c.csv"]
    for path in ("link/", "loop/", "sub/unmounted/"):
        assert "symbolic link" in faults[path]
        assert "put the folder itself here" in faults[path]


def test_a_link_that_leads_to_nothing_of_interest_is_no_fault(root: Path, tmp_path: Path) -> None:
    make(tmp_path, "elsewhere/b.csv", "notes.txt", "inbox/a.csv", "inbox/2024/b.csv")
    (root / "notes").symlink_to(tmp_path / "notes.txt")
    (root / ".hidden").symlink_to(tmp_path / "elsewhere")
    (root / "out").symlink_to(tmp_path / "out")
    (tmp_path / "out").mkdir()
    (root / "2023").symlink_to(tmp_path / "elsewhere")

    assert paths(root, pattern="2024/*.csv", leave_out=tmp_path / "out") == ["2024/b.csv"]
    assert paths(root, pattern="*.csv", leave_out=tmp_path / "out") == ["a.csv"]
    assert paths(root, leave_out=tmp_path / "out") == ["2023/", "2024/b.csv", "a.csv"]


@pytest.mark.parametrize(
    ("pattern", "folders"),
    [
        ("*.csv", []),
        ("**/*.csv", ["2024", "2024/07", "2024/07/x", "2025"]),
        ("2024/*.csv", ["2024"]),
        ("2024/*/*.csv", ["2024", "2024/07"]),
        ("20??/**/*.csv", ["2024", "2024/07", "2024/07/x", "2025"]),
        ("**/07/*.csv", ["2024", "2024/07", "2024/07/x", "2025"]),
    ],
)
def test_only_folders_on_the_way_of_the_pattern_are_looked_into(pattern: str, folders: list[str]) -> None:
    all_of_them = ["2024", "2024/07", "2024/07/x", "2025"]

    assert [folder for folder in all_of_them if folders_of(pattern).fullmatch(folder)] == folders


def test_a_folder_with_the_name_of_a_file_is_not_entered(root: Path) -> None:
    make(root, "x.csv/inside.csv")

    (file,) = listing(root)

    assert "rename" in file.fault


@pytest.mark.parametrize(
    "name", [b"bad-\xff\xfe.csv", b"line\nbreak.csv", b"bell\x07.csv", b"\xe2\x80\xaetxt.csv", b"\xc2\x9b.csv"]
)
def test_a_name_that_could_fool_a_terminal_is_a_fault_and_shown_escaped(root: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(root) + b"/" + name)).touch()

    (file,) = listing(root)

    assert "rename the file" in file.fault
    assert file.path.isprintable()
    assert file.path.encode().endswith(b".csv")
    assert "\\" in file.path


def test_no_two_files_are_listed_under_one_path(root: Path) -> None:
    """An escaped name may be the very name of another file; one of the two would get lost."""
    make(root, "bell\x07.csv", "bell\\x07.csv")

    found = paths(root)

    assert len(found) == len(set(found)) == 2


def test_a_path_that_is_too_long_for_a_name_is_a_fault(root: Path) -> None:
    make(root, f"{'d' * 200}/{'e' * 200}/a.csv")

    (file,) = listing(root)

    assert "longer than 400 bytes" in file.fault


def test_a_folder_that_is_not_there_is_a_problem_of_the_configuration(root: Path) -> None:
    with pytest.raises(ConfigError, match=r"input\.folder.*missing"):
        listing(root / "missing")


def test_a_folder_that_is_a_file_is_a_problem_of_the_configuration(root: Path) -> None:
    make(root, "a.csv")

    with pytest.raises(ConfigError, match=r"a\.csv"):
        listing(root / "a.csv")


def test_a_folder_that_cannot_be_listed_is_a_problem_of_the_configuration() -> None:
    with open_folder() as root:
        make(root, "a.csv", "sub/b.csv")
        root.chmod(0o000)
        with as_an_ordinary_user(), pytest.raises(ConfigError, match="Permission denied") as refused:
            listing(root)
        root.chmod(0o755)

    assert str(root) in str(refused.value)


@pytest.mark.parametrize("rights", [0o000, 0o600])
def test_a_folder_below_that_cannot_be_looked_into_is_refused_alone(rights: int) -> None:
    with open_folder() as root:
        make(root, "a.csv", "sub/b.csv", "sub/deeper/c.csv", "z/d.csv")
        (root / "sub").chmod(rights)
        with as_an_ordinary_user():
            first, refused, last = listing(root)
            assert paths(root, pattern="z/*.csv") == ["z/d.csv"]
        (root / "sub").chmod(0o755)

    assert (first.path, refused.path, last.path) == ("a.csv", "sub/", "z/d.csv")
    assert "cannot be listed (Permission denied)" in refused.fault
    assert "let this user read and enter it" in refused.fault
    assert not first.fault
    assert not last.fault


def test_a_folder_below_on_a_disk_that_fails_is_refused_for_root_as_well(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(root, "a.csv", "lost+found/b.csv")
    scandir = os.scandir

    def scan(path: Path) -> Any:
        if path.name == "lost+found":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(module, "os", SimpleNamespace(**{**vars(os), "scandir": scan}))

    assert paths(root) == ["a.csv", "lost+found/"]


@contextmanager
def while_listing(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> Iterator[None]:
    """What somebody else does between the names of a folder and a look at each of them."""
    scandir = os.scandir

    @contextmanager
    def scan(path: Path) -> Iterator[list[os.DirEntry[str]]]:
        with scandir(path) as found:
            entries = list(found)
        meanwhile()
        yield entries

    with monkeypatch.context() as patch:
        patch.setattr(module, "os", SimpleNamespace(**{**vars(os), "scandir": scan}))
        yield


def test_a_file_that_goes_away_during_the_listing_is_not_listed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(root, "a.csv", "b.csv.part")

    with while_listing(monkeypatch, lambda: (root / "b.csv.part").unlink(missing_ok=True)):
        assert paths(root) == ["a.csv"]


def test_a_folder_that_goes_away_during_the_listing_is_not_entered(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(root, "a.csv")
    (root / "sub").mkdir()

    def remove() -> None:
        if (root / "sub").exists():
            (root / "sub").rmdir()

    with while_listing(monkeypatch, remove):
        assert paths(root) == ["a.csv"]


def test_looking_again_tells_a_file_that_was_written_to_replaced_or_removed(root: Path) -> None:
    make(root, "a.csv", "a.events.csv", "new.tmp")
    folder = Folder(FolderConfig(root=root))
    (file,) = folder.list()
    assert folder.look_again(file) == file

    with (root / "a.events.csv").open("ab") as events:
        events.write(b"more")
    grown = folder.look_again(file)
    assert (grown.stamp, grown.path) == (file.stamp, "a.csv")
    assert grown.events_stamp != file.events_stamp

    os.utime(root / "new.tmp", ns=(file.stamp.mtime_ns, file.stamp.mtime_ns))
    (root / "new.tmp").replace(root / "a.csv")
    assert folder.look_again(file).stamp != file.stamp

    (root / "a.csv").unlink()
    assert folder.look_again(file).stamp is None


def test_looking_at_a_link_does_not_look_behind_it(root: Path) -> None:
    make(root, "a.csv", "big.txt")
    folder = Folder(FolderConfig(root=root))
    (file,) = folder.list()
    (root / "a.csv").unlink()
    (root / "a.csv").symlink_to(root / "big.txt")

    stamp = folder.look_again(file).stamp

    assert stamp is not None
    assert stamp.inode == (root / "a.csv").lstat().st_ino
