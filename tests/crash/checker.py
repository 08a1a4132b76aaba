"""What must hold after every schedule of crashes, however it went. One function: it returns what it objects to.

The numbers are those of the invariants that the objections belong to:

    1 no loss               every file ends in exactly one visible state
    2 write-ahead           nothing reached the remote whose intent could not be read in the ledger then, and no tail
                            whose release could not
    3 durable tokens        nothing is asked with a token that could not be read in the ledger then
    4 no silent duplicate   a second complete send only where it replaces, or where it was authorised
    5 sound denials         what the ledger calls undone did not arrive
    6 effect                the remote holds what the ledger calls done, once, and never went back to an older version
    7 visible doubt         done is never made of doubt
    8 results               the files are what the remote serves for the token, and nothing else lies there
    9 equivalence           the end and its report are those of an undisturbed run, items in doubt apart
    10 legal history        the events fold to the jobs
    11 bounds               the remote never has more uploads, or more polls and fetches, at once than may be sent
    12 idle                 one more run sends nothing and changes nothing
    13 bounded doubt        in doubt is only what was in flight at a kill, or whose answer was lost
    14 exit codes           every start tells by its code how things stand; all books balance
"""

from __future__ import annotations

from collections.abc import Iterator

from crash import doubts, ends, sends
from crash.evidence import Evidence
from crash.promise import Promise

_CHECKS = (*sends.CHECKS, *doubts.CHECKS, *ends.CHECKS)


def objections(evidence: Evidence, promise: Promise) -> list[str]:
    return [line for check in _CHECKS for line in check(evidence, promise)]


def idle_objections(before: Evidence, after: Evidence) -> Iterator[str]:
    if after.requests != before.requests:
        yield f"12 idle: {after.requests - before.requests} requests"
    if after.files != before.files:
        yield f"12 idle: files changed: {sorted(dict(after.files.items() ^ before.files.items()))}"
    if (after.jobs, after.told, after.kept) != (before.jobs, before.told, before.kept):
        yield "12 idle: the ledger changed"
    if after.outcomes[-1].code != (code := ends.settled_code(before)):
        yield f"12 idle: exit code {after.outcomes[-1].code}, and it should be {code}"
