"""Progress of a step that is part of a longer one."""

from collections.abc import Callable
from typing import overload

Report = Callable[[float], None]


@overload
def part_of(progress: Report, first: float, last: float) -> Report: ...


@overload
def part_of(progress: None, first: float, last: float) -> None: ...


def part_of(progress: Report | None, first: float, last: float) -> Report | None:
    """Progress of a step that is the part from `first` to `last` of a longer one; None stays None."""
    return None if progress is None else lambda share: progress(first + (last - first) * share)
