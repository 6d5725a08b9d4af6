"""Progress of a step that is part of a longer one."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, overload

More = ParamSpec("More")


@overload
def part_of(
    progress: Callable[Concatenate[float, More], None], first: float, last: float
) -> Callable[Concatenate[float, More], None]: ...


@overload
def part_of(progress: None, first: float, last: float) -> None: ...


def part_of(
    progress: Callable[Concatenate[float, More], None] | None, first: float, last: float
) -> Callable[Concatenate[float, More], None] | None:
    """Progress of a step that is the part from `first` to `last` of a longer one; None stays None.

    What is told beside the share, such as a message, is passed on.
    """
    if progress is None:
        return None

    def report(share: float, /, *more: More.args, **named: More.kwargs) -> None:
        progress(first + (last - first) * share, *more, **named)

    return report
