"""The rules for records once more, character by character and from the words alone."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Spelled:
    """A record as the oracle reads it. `stray` tells whether a quote stands where none may stand."""

    line: int
    last_line: int = 0
    text: str = ""
    cells: list[str] = field(default_factory=lambda: [""])
    stray: bool = False
    lone_return: bool = False
    unclosed: bool = False


def spell(text: str) -> list[Spelled]:
    """All records of *text*, blank lines left out."""
    records: list[Spelled] = []
    line, at, record, state = 1, 0, Spelled(1), "start"
    while at <= len(text):
        char = text[at : at + 1]
        ends = char == "" or char == "\n" or text.startswith("\r\n", at)
        if state != "quoted" and ends:
            record.last_line = line
            if record.text:
                records.append(record)
            at += 2 if char == "\r" else 1
            line, state = line + 1, "start"
            record = Spelled(line)
            continue
        if char == "":
            record.unclosed, record.last_line = True, line
            records.append(record)
            break
        state = _step(record, state, char)
        record.text += char
        line += char == "\n"
        at += 1
    return records


def _step(record: Spelled, state: str, char: str) -> str:
    if state == "quoted":
        if char == '"':
            return "quote"
        record.cells[-1] += char
        return "quoted"
    if state == "quote" and char == '"':
        record.cells[-1] += char
        return "quoted"
    if char == ",":
        record.cells.append("")
        return "start"
    if state == "start" and char == '"':
        return "quoted"
    record.stray |= char == '"' or state == "quote"
    record.lone_return |= char == "\r"
    record.cells[-1] += char
    return "plain"
