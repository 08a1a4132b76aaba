"""All seeded bugs. Their order gives them their numbers, so new ones go to the end of a table."""

from __future__ import annotations

from .bug import Bug
from .checking import CHECKING
from .deciding import DECIDING
from .durability import DURABILITY
from .gateways import GATEWAYS
from .mending import MENDING
from .nights import NIGHTS
from .pacing import PACING
from .parting import PARTING
from .relating import RELATING
from .suspecting import SUSPECTING
from .telling import TELLING
from .wire import WIRE

BUGS: tuple[Bug, ...] = (
    *(*DURABILITY, *DECIDING, *WIRE, *CHECKING, *TELLING),
    *(*PACING, *NIGHTS, *PARTING, *MENDING, *RELATING, *SUSPECTING, *GATEWAYS),
)
