"""What a review reports, and the pictures that it is about."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

Kind = Literal["fg", "bg"]
Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


class Flaw(NamedTuple):
    """One thing that is wrong with a picture or with a depth file.

    Attributes:
        severity: error (`generate` would refuse the picture), warning (`generate` would take it, but the
            dataset would suffer) or note (it is handled, but good to know).
        problem: a fixed word, such as no-alpha or near-duplicate.
        detail: what was measured, in words and numbers.
        advice: what to do.
    """

    severity: Severity
    problem: str
    detail: str
    advice: str


@dataclass(frozen=True)
class Finding:
    """A flaw of one asset.

    Attributes:
        severity: as in `Flaw`.
        kind: fg or bg.
        name: path inside its folder, with slashes.
        problem: as in `Flaw`.
        detail: as in `Flaw`.
        advice: as in `Flaw`.

    Example:
        >>> for finding in fgbg.review("data/fg", "data/bg").findings:
        ...     line = f"{finding.severity}: {finding.name}: {finding.detail}; {finding.advice}"
    """

    severity: Severity
    kind: Kind
    name: str
    problem: str
    detail: str
    advice: str


@dataclass(frozen=True)
class Asset:
    """A picture and its use."""

    kind: Kind
    folder: Path
    path: Path

    @property
    def name(self) -> str:
        """Path inside its folder, with slashes."""
        return self.path.relative_to(self.folder).as_posix()

    def finding(self, flaw: Flaw) -> Finding:
        """The finding that this asset has a flaw."""
        return Finding(flaw.severity, self.kind, self.name, flaw.problem, flaw.detail, flaw.advice)
