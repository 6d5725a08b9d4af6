"""One focal stack of a queue: what it is and what has become of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from napari_defocus.batch.finding import Source


class State(StrEnum):
    """What has become of a stack."""

    READING = "reading"
    WAITING = "waiting"
    NEEDS_OPTICS = "needs optics"
    RUNNING = "running"
    DONE = "done"
    DONE_BEFORE = "done before"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Item:
    """One focal stack; it never changes, each change makes a new one.

    Attributes
    ----------
    name : str
        Name of the stack in the queue, and of the folder of its result.
    source : path or tuple of path
        What is read.
    state : State
        What has become of it.
    message : str
        Why it failed or needs optics; while it runs, what is being done; when done, its figures.
    fraction : float
        Share of its run that is done, 0 to 1.
    shape : tuple of int, optional
        (planes, Y, X) or (planes, Y, X, 3), once it has been read.
    own_optics : bool
        Whether it brings its optics.
    optics_from : str
        Where its optics come from, "" where there are none.
    seconds : float, optional
        How long its run has taken.
    result : Path, optional
        Folder of its result, once that is complete.
    """

    name: str
    source: Source
    state: State = State.READING
    message: str = ""
    fraction: float = 0.0
    shape: tuple[int, ...] | None = None
    own_optics: bool = False
    optics_from: str = ""
    seconds: float | None = None
    result: Path | None = None

    @property
    def done(self) -> bool:
        """Whether there is a result."""
        return self.state in (State.DONE, State.DONE_BEFORE)

    @property
    def place(self) -> Path:
        """The file or folder that it is named after."""
        return _place(self.source)

    def to(self, state: State, message: str = "", **changes: Any) -> Self:
        """Return the item in another state."""
        return replace(self, state=state, message=message, **changes)


def new_items(sources: Iterable[Source], present: Iterable[Item] = ()) -> list[Item]:
    """Return items for those sources that are not in the queue yet, each with a name of its own.

    A name is that of the folder or file; where it is taken, the folder above it is put in front, then a
    number behind. Case does not count, since the names become those of folders.
    """
    items = list(present)
    taken = {item.name.casefold() for item in items}
    there = {item.source for item in items}
    fresh = [source for source in dict.fromkeys(sources) if source not in there]
    plain = [_plain_name(source).casefold() for source in fresh]
    added = []
    for source, lower in zip(fresh, plain, strict=True):
        name = _plain_name(source)
        if lower in taken or plain.count(lower) > 1:
            name = f"{_place(source).parent.name}_{name}".lstrip("_")
        number, numbered = 1, name
        while numbered.casefold() in taken:
            number += 1
            numbered = f"{name}_{number}"
        taken.add(numbered.casefold())
        added.append(Item(numbered, source))
    return added


def _place(source: Source) -> Path:
    """Return the file or folder that a stack is named after."""
    return source[0].parent if isinstance(source, tuple) else source


def _plain_name(source: Source) -> str:
    place = _place(source)
    name = place.name if place.is_dir() else place.stem.removesuffix(".ome")
    return name or "stack"  # the root of a file system has no name
