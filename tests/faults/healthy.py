"""What each remote answers when it is well: an upload is taken, its job has ended at the first poll."""

from __future__ import annotations

import json
from typing import Any

from faults.fault import Endpoint

RESULT = json.dumps(["first-id", "second-id"]).encode()
_COUNTS = {
    "records": 2,
    "batches": 1,
    "batches_success": 1,
    "batches_fail": 0,
    "records_transferred": 2,
}


def accepted(endpoint: Endpoint, token: str) -> bytes:
    match endpoint:
        case Endpoint.TAO_UPLOAD:
            return _json({"result": {"message": "File uploaded", "referenceId": token}})
        case Endpoint.PUSH:
            return _json({"success": True, "transfer_id": token})
        case _:
            return token.encode()


def told(endpoint: Endpoint, url: str) -> bytes:
    """In answer to a read."""
    match endpoint:
        case Endpoint.POLL:
            return b"completedsuccessfully"
        case Endpoint.RESULT:
            return RESULT
        case Endpoint.TAO_STATUS:
            return _json({"result": {"status": "processed", "fileLine": 1, "messages": []}})
        case Endpoint.TAO_ADDRESS:
            return _json({"signedUrl": f"{url}/store/import.csv?signature=canary"})
        case Endpoint.TAO_STORE:
            return b"user_username,status,errorType,errorCode,errorMessage\nzoe,processed,,,\n"
        case Endpoint.SESSION:
            return _json({"success": True})
        case Endpoint.STATISTICS:
            return _json({"completed": True, "statistics": {"crm-contact": _COUNTS}})
        case Endpoint.ERRORS:
            return _json({"success": True, "meta": {"count": 0}, "errors": []})
        case Endpoint.FIRST_PAGE:
            following = {"offset": 1, "link": "https://elsewhere.invalid/"}
            return _json({"success": True, "meta": {"count": 2, "next": following}, "transfer_data": [_record("1")]})
        case Endpoint.PAGE:
            return _json({"success": True, "meta": {"count": 2}, "transfer_data": [_record("2")]})
    raise AssertionError(endpoint)


def _record(key: str) -> dict[str, Any]:
    return {"id": key, "data": {"name": "Canary Cell"}}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
