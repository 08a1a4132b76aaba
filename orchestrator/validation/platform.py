"""The two CSV members of a Platform submission."""

from __future__ import annotations

from orchestrator.validation.schema import Column, Format, Header, Schema

PLATFORM_DATA = Schema(
    name="platform.data",
    header=Header.OPTIONAL,
    columns=(
        Column(name="Reference"),
        Column(name="StartDate", format=Format.DATE),
        Column(name="StartTime", format=Format.TIME),
        Column(name="EndDate", format=Format.DATE),
        Column(name="EndTime", format=Format.TIME),
    ),
)

# The vendor lets only `Data` go without a header.
PLATFORM_EVENTS = Schema(
    name="platform.events",
    header=Header.REQUIRED,
    columns=(
        Column(name="Reference"),
        Column(name="EventStartDate", format=Format.DATE),
        Column(name="EventStartTime", format=Format.TIME),
        Column(name="EventEndDate", format=Format.DATE),
        Column(name="EventEndTime", format=Format.TIME),
        Column(name="Description"),
        Column(name="TimeReference", format=Format.TIME_REFERENCE),
    ),
)
