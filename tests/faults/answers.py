"""What a server may say that it should not: bytes, or what makes them of a healthy answer's body."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from http import HTTPStatus

from targets.remote import UUID
from targets.wire import answer, chunked, head

PAGE = "<!DOCTYPE html><html><body>Please sign in.</body></html>"
MEBIBYTE = 1 << 20


def page(status: int, *headers: str) -> bytes:
    return answer(status, PAGE, *headers, kind="text/html")


def redirect(status: int, to: str = "{elsewhere}/api/UploadData?again=1") -> bytes:
    return page(status, f"Location: {to}")


def whole(*headers: str, kind: str = "text/plain", status: int = 200) -> Callable[[bytes], bytes]:
    """The healthy answer, in other clothes."""
    return lambda content: answer(status, content, *headers, kind=kind)


def unframed(status: int = 200, *, share: float = 1.0, version: str = "1.1") -> Callable[[bytes], bytes]:
    """It ends where the connection does."""

    def say(content: bytes) -> bytes:
        top = f"HTTP/{version} {status} {HTTPStatus(status).phrase}\r\nContent-Type: text/plain\r\n\r\n"
        return top.encode() + content[: round(len(content) * share)]

    return say


def framed_by(*headers: str, after: bytes = b"") -> Callable[[bytes], bytes]:
    """The body is all there; the headers say otherwise."""
    return lambda content: head(200, "Content-Type: text/plain", *headers) + content + after


def longer_than_it_is(content: bytes) -> bytes:
    return head(200, f"Content-Length: {len(content) + 7}") + content


def shorter_than_it_is(content: bytes) -> bytes:
    return head(200, "Content-Length: 5") + content


def cut_chunks(content: bytes) -> bytes:
    return chunked(content[:7], content[7:]).removesuffix(b"0\r\n\r\n")


def cut_in_a_chunk(content: bytes) -> bytes:
    return chunked(content)[:-9]


def chunk_too_long(content: bytes) -> bytes:
    return head(200, "Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(content) + 4, content)


def chunk_of_no_size(content: bytes) -> bytes:
    return head(200, "Transfer-Encoding: chunked") + b"zz\r\n" + content + b"\r\n0\r\n\r\n"


def zipped(content: bytes) -> bytes:
    return answer(200, gzip.compress(content), "Content-Encoding: gzip")


def cut_zip(content: bytes) -> bytes:
    return answer(200, gzip.compress(content)[:-6], "Content-Encoding: gzip")


def bomb(_: bytes) -> bytes:
    return answer(200, gzip.compress(bytes(4 * MEBIBYTE)), "Content-Encoding: gzip")


def after(*statuses: int) -> Callable[[bytes], bytes]:
    """Answers that are not final, then the healthy one."""
    return lambda content: b"".join(map(head, statuses)) + answer(200, content)


def in_quotes(content: bytes) -> bytes:
    return content if content[:1] in b"{[" else b'"' + content + b'"'


def dressed(content: bytes) -> bytes:
    """With a byte order mark, quotes where there are none, and white space."""
    return answer(200, b"\xef\xbb\xbf " + in_quotes(content) + b"\r\n", kind="application/json; charset=utf-8")


def in_chunks(content: bytes) -> bytes:
    return chunked(*(content[n : n + 3] for n in range(0, len(content), 3)))


HALF_A_TOKEN = answer(200, UUID[:18])
MANY_HEADERS = head(200, "Content-Length: 2", *(f"X-{n}: x" for n in range(20_000))) + b"{}"
LONG_HEADER = head(200, "Content-Length: 2", "X-Long: " + "x" * MEBIBYTE) + b"{}"
LONG_REASON = b"HTTP/1.1 200 " + b"O" * MEBIBYTE + b"K\r\nContent-Length: 2\r\n\r\n{}"
TOO_LONG = answer(200, b" " * (2 * MEBIBYTE))
ENDLESS = head(200, "Content-Type: text/plain", "Transfer-Encoding: chunked")
CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
