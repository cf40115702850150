"""What was read, what was not, and why: nothing disappears without a line saying so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from matinee.errors import DataError

OnBadRow = Literal["skip", "stop"]

KINDS: dict[str, str] = {
    "short": "too few fields",
    "long": "too many fields",
    "type": "not a number where one belongs",
    "nan": "a rating that is not a number (NaN)",
    "scale": "a rating outside 0.5–5",
    "movie": "a movie that is not in the catalogue",
    "encoding": "bytes that are not UTF-8 text",
    "empty": "an empty line",
    "quote": "a quotation mark that is never closed",
    "repeat": "an id that was given before",
}
"""Kinds of bad rows and their names for people."""

EXAMPLES_KEPT = 10
"""Bad rows of one kind that are remembered with file and line; all are counted."""


@dataclass(frozen=True)
class BadRow:
    """One row that could not be used.

    Attributes:
        file: name of the file, with its folder inside an archive.
        line: 1-based line of a text file, 1-based row of a Parquet file.
        kind: a key of `KINDS`.
        value: the offending text, shortened.
        expected: what should have stood there.
    """

    file: str
    line: int
    kind: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.value}; expected {self.expected}"


@dataclass(frozen=True)
class Faults:
    """Bad rows of one kind in one stretch of a file: how many, and the first of them in file order."""

    kind: str
    count: int
    examples: list[BadRow]


@dataclass(frozen=True)
class FileReport:
    """How many data rows of a file were read and used."""

    file: str
    role: str
    read: int
    kept: int


@dataclass
class ReadReport:
    """Everything worth saying about one reading.

    Attributes:
        source: what was given: the archive, folder or file.
        layout: family of the files, such as "movielens-100k".
        files: the files that were used, ratings first.
        unused: names of files that were there and not used.
        bad: bad rows by kind (a key of `KINDS`), all counted.
        examples: the first bad rows of each kind.
        duplicates: ratings dropped because the same person rated the same movie later.
        notes: other things a reader of the figures should know.
    """

    source: str
    layout: str = ""
    files: list[FileReport] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    bad: dict[str, int] = field(default_factory=dict)
    examples: list[BadRow] = field(default_factory=list)
    duplicates: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def n_bad(self) -> int:
        """Number of bad rows of every kind."""
        return sum(self.bad.values())

    def lines(self) -> list[str]:
        """Return the report as lines of text; bad rows and dropped duplicates always have one."""
        lines = [f"{self.source}: {self.layout}"]
        for file in self.files:
            missing = file.read - file.kept
            lines.append(
                f"  {file.file}: {file.read:,} {file.role}" + (f", {file.kept:,} of them used" if missing else "")
            )
        for kind, count in self.bad.items():
            lines.append(f"  Skipped {count:,} {'row' if count == 1 else 'rows'} with {KINDS[kind]}:")
            shown = [row for row in self.examples if row.kind == kind]
            lines.extend(f"    {row}" for row in shown)
            if count > len(shown):
                lines.append(f"    … and {count - len(shown):,} more")
        if self.duplicates:
            lines.append(
                f"  Dropped {self.duplicates:,} {'rating' if self.duplicates == 1 else 'ratings'} "
                "that the same person gave the same movie again later; the latest counts."
            )
        lines.extend(f"  {note}" for note in self.notes)
        if self.unused:
            lines.append(f"  Not used: {', '.join(self.unused)}")
        return lines


class Ledger:
    """Collects faults into a report, or stops at the first.

    Args:
        source: what is being read, for the report.
        on_bad_row: "skip" counts and goes on; "stop" raises at the first.
    """

    def __init__(self, source: str, on_bad_row: OnBadRow) -> None:
        self.report = ReadReport(source)
        self.on_bad_row = on_bad_row

    def record(self, faults: list[Faults]) -> None:
        """Count the faults of one stretch of a file.

        Raises:
            DataError: when told to stop, naming the first bad row of the stretch.
        """
        faults = [fault for fault in faults if fault.count]
        if faults and self.on_bad_row == "stop":
            first = min((row for fault in faults for row in fault.examples), key=lambda row: row.line)
            raise DataError(
                f"{first}.", hint="Correct that line, or let bad rows be skipped; they are counted and shown."
            )
        for fault in faults:
            known = self.report.bad.get(fault.kind, 0)
            self.report.bad[fault.kind] = known + fault.count
            room = EXAMPLES_KEPT - sum(row.kind == fault.kind for row in self.report.examples)
            self.report.examples.extend(fault.examples[: max(room, 0)])

    def note(self, text: str) -> None:
        """Add a sentence to the report."""
        self.report.notes.append(text)


def shorten(value: str, limit: int = 60) -> str:
    """Return the value in quotes, without control characters, cut to `limit` characters."""
    text = "".join(letter if letter.isprintable() else "�" for letter in value)
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


class FaultList:
    """Gathers the bad rows of one stretch of one file, by kind.

    Args:
        file: name of the file for the messages.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._counts: dict[str, int] = {}
        self._examples: dict[str, list[BadRow]] = {}

    def add(self, line: int, kind: str, value: str, expected: str) -> None:
        """Count one bad row; `value` is shown as it is given."""
        self.add_many(kind, 1, [(line, value)], expected)

    def add_many(self, kind: str, count: int, first: list[tuple[int, str]], expected: str) -> None:
        """Count `count` bad rows, of which `first` gives line and value of the first few."""
        if not count:
            return
        self._counts[kind] = self._counts.get(kind, 0) + count
        examples = self._examples.setdefault(kind, [])
        room = EXAMPLES_KEPT - len(examples)
        examples.extend(BadRow(self.file, line, kind, value, expected) for line, value in first[:room])

    def faults(self) -> list[Faults]:
        """Return what was gathered."""
        return [Faults(kind, count, self._examples[kind]) for kind, count in self._counts.items()]
