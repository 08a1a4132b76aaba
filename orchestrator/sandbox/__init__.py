"""The remote APIs on loopback: strict emulators for trial, tests, benchmarks and rehearsals.

`serve` runs it in this process, `run_forever` as a process of its own. A `Profile` says how it behaves;
the faults it can be told to have are listed in `orchestrator.sandbox.faults`, and what it has seen stands
in the `Record`. It shares no code with the pipeline: a mistake of ours must not be made on both sides.

The trial credentials open nothing else; the secret is full of characters that must be form-encoded.
"""

from orchestrator.sandbox.apis import APIS
from orchestrator.sandbox.credentials import TRIAL_API_KEY, TRIAL_CLIENT_ID, TRIAL_CLIENT_SECRET, TRIAL_SESSION_ID
from orchestrator.sandbox.faults import Chance, Fault
from orchestrator.sandbox.knobs import EndgrateKnobs, TaoKnobs
from orchestrator.sandbox.platform import Dataset
from orchestrator.sandbox.profile import PROFILES, Profile
from orchestrator.sandbox.record import Record
from orchestrator.sandbox.server import Sandbox, announce, run_forever, serve

__all__ = [
    "APIS",
    "PROFILES",
    "TRIAL_API_KEY",
    "TRIAL_CLIENT_ID",
    "TRIAL_CLIENT_SECRET",
    "TRIAL_SESSION_ID",
    "Chance",
    "Dataset",
    "EndgrateKnobs",
    "Fault",
    "Profile",
    "Record",
    "Sandbox",
    "TaoKnobs",
    "announce",
    "run_forever",
    "serve",
]
