"""What each remote answers when it is well: an upload is taken, its job has ended at the first poll."""

from __future__ import annotations

import json
from typing import Any

from faults.fault import Endpoint

RESULT = json.dumps(["first-id", "second-id"]).encode()
_BATCHES = {"batches": 1, "batches_success": 1, "batches_fail": 0}


def accepted(endpoint: Endpoint, token: str) -> bytes:
    match endpoint:
        case Endpoint.TAO_UPLOAD:
            return _json({"result": {"message": "File uploaded", "referenceId": token}})
        case Endpoint.PUSH:
            return _json({"success": True, "transfer_id": token})
        case _:
            return token.encode()


def told(endpoint: Endpoint, url: str = "", *, rows: int = 1) -> bytes:
    """In answer to a read, by a remote at *url* which took so many *rows*."""
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
            return b"user_username,status,errorType,errorCode,errorMessage\n" + b"zoe,processed,,,\n" * rows
        case Endpoint.SESSION:
            return _json({"success": True})
        case Endpoint.STATISTICS:
            counts = {"records": rows, "records_transferred": rows, **_BATCHES}
            return _json({"completed": True, "statistics": {"crm-contact": counts}})
        case Endpoint.ERRORS:
            return _json({"success": True, "meta": {"count": 0}, "errors": []})
        case Endpoint.FIRST_PAGE:
            following = {"offset": 1, "link": "https://elsewhere.invalid/"}
            return _json({"success": True, "meta": {"count": 2, "next": following}, "transfer_data": [_record("1")]})
        case Endpoint.PAGE:
            return _json({"success": True, "meta": {"count": 2}, "transfer_data": [_record("2")]})
    raise AssertionError(endpoint)


def results(api: str, rows: int) -> dict[str, bytes]:
    """What is kept of them, by their names."""
    match api:
        case "tao":
            return {"status": told(Endpoint.TAO_STATUS), "result": told(Endpoint.TAO_STORE, rows=rows)}
        case "endgrate":
            data = b"".join(_json(_record(key)) + b"\n" for key in ("1", "2"))
            return {"statistics": told(Endpoint.STATISTICS, rows=rows), "errors": b"", "data": data}
        case _:
            return {"feedback": RESULT, "tableofresultids": RESULT}


def _record(key: str) -> dict[str, Any]:
    return {"id": key, "data": {"name": "Canary Cell"}}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
