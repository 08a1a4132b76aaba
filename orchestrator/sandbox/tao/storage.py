"""Results lie in a store of their own: a signed address opens one of them, for a while, and nothing else does."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from math import ceil
from urllib.parse import parse_qsl

from orchestrator.sandbox.answer import Answer
from orchestrator.sandbox.api import Head
from orchestrator.sandbox.knobs import TaoKnobs

STORAGE_PATH = "/storage/import-csv/processed/"


class Storage:
    def __init__(self, knobs: TaoKnobs, clock: Callable[[], float], seed: int) -> None:
        self._ttl = knobs.url_ttl
        self._clock = clock
        self._secret = f"{seed}/storage".encode()

    def sign(self, reference: str) -> str:
        """The path and query under which the result lies from now on; its time is that of the sandbox's clock."""
        expires = str(ceil(self._clock() + self._ttl))
        return f"{STORAGE_PATH}{reference}.csv?expires={expires}&signature={self._signature(reference, expires)}"

    def refuse(self, head: Head) -> Answer | None:
        """A signed address is the only credential; a second one beside it is an error."""
        return _error(400, "InvalidArgument") if head.authorization is not None else None

    def open(self, head: Head) -> str | Answer:
        """The reference of what is asked for, if the signature is right and of today."""
        reference = head.path.removeprefix(STORAGE_PATH).removesuffix(".csv")
        given = dict(parse_qsl(head.query))
        expires, signature = given.get("expires", ""), given.get("signature", "")
        if not hmac.compare_digest(signature.encode(), self._signature(reference, expires).encode()):
            return _error(403, "SignatureDoesNotMatch")
        return reference if self._clock() < int(expires) else _error(403, "ExpiredToken")

    def _signature(self, reference: str, expires: str) -> str:
        return hmac.new(self._secret, f"{reference}/{expires}".encode(), hashlib.sha256).hexdigest()


def _error(status: int, code: str) -> Answer:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code></Error>\n'.encode()
    return Answer(status=status, body=body, content_type="application/xml", note=code)
