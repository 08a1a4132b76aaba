"""What a value must be. A rule that fails says what is wrong and the remedy; others put the key in front."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from ipaddress import ip_address
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from orchestrator.config.problems import shown
from orchestrator.validation import Dialect
from orchestrator.validation.decoding import Decoding

NUMBER = r"([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([a-z]*)"
DURATIONS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
SIZES = {"": 1, "b": 1} | {
    letter + suffix: base**power
    for power, letter in enumerate("kmgt", start=1)
    for suffix, base in (("b", 1000), ("ib", 1024))
}
HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")


def plain(text: str) -> str:
    # Such characters would forge log lines, and no system call takes a NUL in a path.
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise ValueError(f"{shown(text)} holds a control character. Take it out.")
    return text


def folder(value: object) -> object:
    """Looks at a path before it is one: then "" is the current folder, which nobody asked for."""
    if value == "":
        raise ValueError('"" is no folder. Name one; "." is the current one.')
    return plain(value) if isinstance(value, str) else value


def seconds(value: object) -> object:
    """Reads the text of a duration; anything else is left to the type that follows."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(NUMBER, value.strip())
    if not found or found[2] not in DURATIONS:
        raise ValueError(f'{shown(value)} is not a duration. Write seconds, or as in "45s", "30m", "12h", "3d".')
    return float(found[1]) * DURATIONS[found[2]]


def size(value: object) -> object:
    """Reads the text of a size; anything else is left to the type that follows."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(NUMBER, value.strip().lower())
    if not found or found[2] not in SIZES:
        raise ValueError(f'{shown(value)} is not a size. Write a number of bytes, or as in "256MiB".')
    count = Fraction(found[1]) * SIZES[found[2]]
    if count.denominator != 1:
        raise ValueError(f"{shown(value)} is not a whole number of bytes. Write fewer digits.")
    return int(count)


def endpoint(url: str) -> str:
    """Lets only a URL pass whose credential goes, encrypted, to the host that a person reads in it."""
    # What stands there may be a password or a key, so this message does not show the URL.
    for sign, what in (("@", "a user or a password"), ("?", "a query"), ("#", "a fragment")):
        if sign in url:
            raise ValueError(f"the URL holds {what}. Write scheme, host and path only: https://host/path.")
    scheme, separator, _ = url.lower().partition("://")
    if not separator or re.search(r"[\s\\]", url):
        raise ValueError(f"{shown(url)} is not a URL. Write it as in https://api.example.com.")
    host = _host(url)
    if host is None:
        raise ValueError(
            f"{shown(url)} has no valid host and port. Write them as in https://api.example.com:8443, "
            "a host with other letters in its xn-- form."
        )
    if scheme != "https" and not (scheme == "http" and _is_loopback(host)):
        raise ValueError(f"{shown(url)} is not https. Use https:// (http is accepted for loopback only).")
    return url


def url_path(path: str) -> str:
    """What is put behind `target.base_url`; empty where the remote has no such endpoint."""
    if path and not re.fullmatch(r"/[\w.~/{}-]*", path, re.ASCII):
        raise ValueError(f'{shown(path)} is not a path. Write it as in "/api/v1/upload".')
    return path


def url_path_of_id(path: str) -> str:
    if path and (path.count("{id}") != 1 or path.replace("{id}", "").strip("/").count("{")):
        raise ValueError(f'{shown(path)} does not hold {{id}} once. Write it as in "/api/v1/status/{{id}}".')
    return path


def _host(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if port == 0 or parts.netloc.endswith(":"):
        return None
    return host if HOST.fullmatch(host) or _is_address(host) else None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return ip_address(host).is_loopback if _is_address(host) else host == "localhost"


def hosts(names: tuple[str, ...]) -> tuple[str, ...]:
    """In small letters, and without the dot at the end that says that nothing follows."""
    small = tuple(name.lower().rstrip(".") for name in names)
    for name, given in zip(small, names, strict=True):
        if not HOST.fullmatch(name.removeprefix(".")):
            raise ValueError(
                f'{shown(given)} is no host name. Write one, or the end of some, as in "store.example.com" and '
                '".example.com".'
            )
    return small


def inside(pattern: str) -> str:
    path = PurePosixPath(pattern)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f'{shown(pattern)} leaves the folder. Write it relative to the folder, without "..".')
    return pattern


def glob(pattern: str) -> str:
    parts = PurePosixPath(pattern).parts
    if not parts:
        raise ValueError(f'{shown(pattern)} finds nothing. Use "**/*.csv" for every CSV file below the folder.')
    if any("**" in part and part != "**" for part in parts):
        raise ValueError(f'{shown(pattern)} has a "**" that is not alone. Write it as in "**/*.csv".')
    return pattern


def companion(events: str, pattern: str) -> str:
    """*pattern* is the one that finds the files whose companions *events* names."""
    if not events:
        return events
    rest = events.replace("{stem}", "")
    if rest == events or "{" in rest or "}" in rest:
        raise ValueError(
            f"{shown(events)} fits no file. Use {{stem}}, and no other placeholder, "
            'as in "{stem}.events.csv"; "" means no companions.'
        )
    if str(PurePosixPath(events)) in ("{stem}.csv", "{stem}" + PurePosixPath(pattern).suffix):
        raise ValueError(f'{shown(events)} is the file itself. Use another name, as in "{{stem}}.events.csv".')
    return events


def name(template: str) -> str:
    rest = re.sub(r"\{(relative|stem|sha12|date)\}", "", template)
    if "{" in rest or "}" in rest:
        raise ValueError(
            f"{shown(template)} has an unknown placeholder or a stray brace. "
            "Known are {relative}, {stem}, {sha12} and {date}."
        )
    if not re.search(r"\{(relative|stem|sha12)\}", template):
        raise ValueError(f"{shown(template)} does not tell files apart. Use {{relative}}, {{stem}} or {{sha12}}.")
    return template


def one_or_more(value: object) -> object:
    """A single text counts as a list of one."""
    return (value,) if isinstance(value, str) else value


def sign(text: str) -> str:
    """A tab may be called by its name: it is hard to see."""
    if len(text) > 1 and text != "tab":
        raise ValueError(f'{shown(text)} is no single sign. Write one, or "tab".')
    return "\t" if text == "tab" else text


def given(text: str) -> str:
    if not text:
        raise ValueError('"" is no sign. Write the one between two cells, as ",".')
    return text


def dialect(delimiter: str, quote: str, escape: str) -> Dialect:
    return Dialect(delimiter=delimiter, quote=quote, escape=escape)


def results(kinds: tuple[str, ...]) -> tuple[str, ...]:
    for kind in kinds:
        if not re.fullmatch("[a-z0-9_-]+", kind):
            raise ValueError(f"{shown(kind)} is not a kind of result. Use a-z, 0-9, _ and - only.")
        if kind == "status":
            raise ValueError('"status" is what polling asks for, not a result. Take it out.')
        if kinds.count(kind) > 1:
            raise ValueError(f"{shown(kind)} stands there more than once. Keep one.")
    return kinds


def codec(encoding: str) -> str:
    try:
        Decoding(encoding)
    except (LookupError, UnicodeError):
        raise ValueError(
            f'{shown(encoding)} is no text encoding that Python knows. Use one such as "utf-8" or "cp1252".'
        ) from None
    return encoding


def certificates(path: str) -> str:
    if path and not Path(path).is_file():
        raise ValueError(f'{shown(path)} is no file. Name a PEM file; "" means those of the system.')
    return path
