"""What every benchmark shares: rows of the table, the run they belong to, clocks, fresh processes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

ROOT = Path(__file__).parents[1]

NO_DATA = "not measured: give the folder with nyuv2/, keyboard/ and pcb/, --data FOLDER"
ONLY_LARGE = "not measured: takes long, give --large"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    part, target : str
        Benchmark and what is measured.
    unit : str
        Unit of `ours` and `comparator`.
    ours, comparator : float, optional
        The figures; None: not measured, and `note` says why.
    better : {"lower", "higher"}
        Which way is better; the ratio is above 1 where ours is the better figure.
    at_most, at_least : float, optional
        Goal for `ours`.
    ratio_at_least : float, optional
        Goal for the ratio.
    note : str
        How it was measured, where the comparator's figure is from.
    measured : bool
        False where it could not be measured; `note` says why. A figure of None that was measured is a goal
        that was not reached.
    """

    part: str
    target: str
    unit: str
    ours: float | None = None
    comparator: float | None = None
    better: Literal["lower", "higher"] = "lower"
    at_most: float | None = None
    at_least: float | None = None
    ratio_at_least: float | None = None
    note: str = ""
    measured: bool = True

    @property
    def ratio(self) -> float | None:
        if not self.ours or not self.comparator or self.unit == "dB":
            return None
        ratio = self.comparator / self.ours
        return ratio if self.better == "lower" else 1 / ratio

    @property
    def goal(self) -> str:
        goals = {"<= {:g}": self.at_most, ">= {:g}": self.at_least, "ratio >= {:g}": self.ratio_at_least}
        return ", ".join(text.format(value) for text, value in goals.items() if value is not None)

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal or a measurement."""
        checks = []
        if self.at_most is not None:
            checks.append(self.ours is not None and self.ours <= self.at_most)
        if self.at_least is not None:
            checks.append(self.ours is not None and self.ours >= self.at_least)
        if self.ratio_at_least is not None and self.comparator is not None:
            checks.append(self.ratio is not None and self.ratio >= self.ratio_at_least)
        return all(checks) if checks and self.measured else None


@dataclass
class Run:
    """One run of the benchmarks: what it may use, and what its parts found, for each other and the page."""

    data: Path | None = None
    large: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    def folder(self, name: str) -> Path | None:
        """A folder of the data, or None where it is not there."""
        path = self.data / name if self.data else None
        return path if path and path.is_dir() else None


class Clock:
    """CPU seconds of the process (all threads) and wall seconds of what runs inside ``with``; adds up."""

    def __init__(self) -> None:
        self.cpu = 0.0
        self.wall = 0.0

    def __enter__(self) -> Self:
        self._start = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu += time.process_time() - self._start[0]
        self.wall += time.perf_counter() - self._start[1]


def best_seconds(function: Callable[[], object], *, least: float = 0.01, repeats: int = 40) -> float:
    """Seconds of one call: the best of some repeats that last `least` seconds each, after a first call.

    Many short repeats: on a machine that does other things too, some of them are not interrupted.
    """
    function()
    calls = 1
    while True:
        start = time.perf_counter()
        for _ in range(calls):
            function()
        seconds = time.perf_counter() - start
        if seconds >= least:
            break
        calls = max(2 * calls, round(calls * least / max(seconds, 1e-9)))
    best = seconds
    for _ in range(repeats - 1):
        start = time.perf_counter()
        for _ in range(calls):
            function()
        best = min(best, time.perf_counter() - start)
    return best / calls


def run_fresh(module: str, *arguments: object, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Run ``python -m module`` in a process of its own; what it printed last, read as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | (environment or {}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def peak_memory() -> int:
    """Greatest resident memory of this process so far, bytes.

    From /proc where it is there: what getrusage says begins at the size of the process that forked this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
