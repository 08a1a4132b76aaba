"""The paths of TAO, in both families in which they are documented, and what a request to each is about."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import partial
from typing import Literal

from aiohttp.hdrs import CONTENT_TYPE, HOST

from orchestrator.sandbox.answer import CSV, Answer, as_json
from orchestrator.sandbox.api import Ask, Effect, Head, Route
from orchestrator.sandbox.credentials import TRIAL_CLIENT_ID
from orchestrator.sandbox.faults import Kind
from orchestrator.sandbox.profile import Profile
from orchestrator.sandbox.tao.identity import Identity
from orchestrator.sandbox.tao.imports import Import, Imports
from orchestrator.sandbox.tao.refusals import Refusals
from orchestrator.sandbox.tao.storage import STORAGE_PATH, Storage
from orchestrator.sandbox.tao.upload import BLANK, SLACK, Upload, detail_of, judge

_DOUBLED = "/api/v1/upload"
TOKEN_PATH = "/api/v1/oauth2/tokens"  # noqa: S105  # a path, not a password
_BARE_TOKEN_PATH = "/v1/oauth2/tokens"  # noqa: S105  # the same
UPLOAD_PATH = "/api/v1/upload"
_STATUS_PATH = "/api/v1/status/"
_DOWNLOAD_PATH = "/api/v1/download/"
_BLANK_READ: dict[str, object] = {"token": None}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


class Tao:
    unlikely: frozenset[Kind] = frozenset()

    def __init__(self, profile: Profile, clock: Callable[[], float], seed: int) -> None:
        self._profile = profile
        self._identity = Identity(profile, clock, random.Random(f"{seed}/identity"))
        self._refusals = Refusals(profile.tao)
        self._storage = Storage(profile.tao, clock, seed)
        self.imports = Imports(profile, clock, random.Random(f"{seed}/tao"))
        self.revoke = self._identity.bearers.revoke
        self.revoke_all = self._identity.bearers.revoke_all
        self.tokens = self._identity.bearers.tokens
        self._token = Route(endpoint="token", understand=self._ask_token)
        self._upload = Route(
            endpoint="upload",
            understand=self._ask_upload,
            refuse=self._refuse,
            limit=profile.tao.max_file + SLACK,
            blank=BLANK,
        )
        reads = {
            _STATUS_PATH: Route(endpoint="poll", understand=self._ask_status, refuse=self._refuse, blank=_BLANK_READ),
            _DOWNLOAD_PATH: Route(endpoint="result", understand=self._ask_url, refuse=self._refuse, blank=_BLANK_READ),
            STORAGE_PATH: Route(
                endpoint="result", understand=self._ask_file, refuse=self._storage.refuse, blank=_BLANK_READ
            ),
        }
        self._reads = reads if profile.tao.reports else {}

    def addresses(self, base_url: str) -> dict[str, object]:
        return {"token_url": base_url + TOKEN_PATH, "client_id": TRIAL_CLIENT_ID}

    def route(self, method: str, path: str) -> Route | Answer:
        plain = path.removeprefix(_DOUBLED) if path.startswith(_DOUBLED + "/") else path
        if plain in {TOKEN_PATH, _BARE_TOKEN_PATH}:
            return self._only("POST", method, self._token)
        if plain == UPLOAD_PATH:
            return self._only("POST", method, self._upload)
        for prefix, route in self._reads.items():
            if plain.startswith(prefix):
                return self._only("GET", method, route)
        return self._refusals.make(404, "Not found", note="path")

    def trouble(self, status: Literal[401, 500]) -> Answer:
        if status == 401:
            return self._identity.void()
        return self._refusals.make(500, "An error occurred.", note="error")

    def _only(self, allowed: str, method: str, route: Route) -> Route | Answer:
        if method == allowed:
            return route
        return self._refusals.make(405, "Method not allowed", note="method", headers=(("Allow", allowed),))

    def _refuse(self, head: Head) -> Answer | None:
        return self._identity.refuse(head.authorization)

    def _ask_token(self, head: Head, body: bytes) -> Ask:
        def grant(_: Kind | None) -> Effect:
            return Effect(answer=self._identity.grant(head.headers.get(CONTENT_TYPE, ""), head.authorization, body))

        return Ask(endpoint="token", act=grant)

    def _ask_upload(self, head: Head, body: bytes) -> Ask:
        upload = judge(head.headers.get(CONTENT_TYPE, ""), body, self._profile)
        act = partial(self._take, upload)
        return Ask(endpoint="upload", name=upload.filename, act=act, detail=detail_of(upload))

    def _take(self, upload: Upload, fault: Kind | None) -> Effect:
        if upload.problem is not None:
            status, message, note = upload.problem
            return Effect(answer=self._refusals.make(status, message, note=note))
        taken = self.imports.take(upload, stuck=fault == "stuck", fails=fault == "fail")
        message = f"File uploaded to import-csv/pending/{taken.reference}.csv"
        answer = as_json({"result": {"message": message, "referenceId": taken.reference}})
        return Effect(answer=answer, taken=True, applied=True, detail={"token": taken.reference})

    def _find(self, head: Head, absent: str) -> Import | Answer:
        reference = head.path.rpartition("/")[2].lower()
        if not _UUID.fullmatch(reference):
            return self._refusals.make(400, "Reference ID must be a valid UUID.", note="reference")
        found = self.imports.find(reference)
        return found or self._refusals.make(404, absent.format(reference), note="unknown")

    def _ask_status(self, head: Head, _: bytes) -> Ask | Answer:
        asked = self._find(head, 'Status for referenceId "{}" was not found.')
        if isinstance(asked, Answer):
            return asked
        detail = {"token": asked.reference, "state": None}
        return Ask(endpoint="poll", name=asked.filename, act=partial(self._tell, asked), detail=detail)

    def _tell(self, asked: Import, fault: Kind | None) -> Effect:
        status = self.imports.status(asked)
        if fault == "unknown_status":
            status["status"] = self._profile.unknown_word
        return Effect(answer=as_json({"result": status}), detail={"state": status["status"]})

    def _ask_url(self, head: Head, _: bytes) -> Ask | Answer:
        absent = 'Download URL for referenceId "{}" is not available.'
        asked = self._find(head, absent)
        if isinstance(asked, Answer):
            return asked
        host = head.headers.get(HOST, "")

        def sign(_: Kind | None) -> Effect:
            if not self.imports.is_ready(asked):
                return Effect(answer=self._refusals.make(404, absent.format(asked.reference), note="not_ready"))
            return Effect(answer=as_json({"signedUrl": f"http://{host}{self._storage.sign(asked.reference)}"}))

        detail = {"token": asked.reference, "data_key": "url"}
        return Ask(endpoint="result", name=asked.filename, act=sign, detail=detail)

    def _ask_file(self, head: Head, _: bytes) -> Ask | Answer:
        opened = self._storage.open(head)
        if isinstance(opened, Answer):
            return opened
        asked = self.imports.find(opened)
        assert asked is not None, "only what there is was ever signed"

        def fetch(_: Kind | None) -> Effect:
            return Effect(answer=Answer(body=self.imports.result(asked), content_type=CSV))

        detail = {"token": asked.reference, "data_key": "file"}
        return Ask(endpoint="result", name=asked.filename, act=fetch, detail=detail)
