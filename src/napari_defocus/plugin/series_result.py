"""The results of many stacks in one: arrays with the stacks' axes before rows and columns."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus.plugin.stack_series import StackSeries
from napari_defocus.solver.result import DefocusResult

__all__ = ["SeriesArrays", "SeriesResult"]

MOST_TOLD = 3
"""So many stacks that failed are told of one by one."""


@dataclass(frozen=True)
class SeriesResult(DefocusResult):
    """What is there of the results of a series; arrays as of :class:`DefocusResult`, with the layer's axes.

    Where there is no result (yet) the depth is NaN and all else 0.

    Attributes
    ----------
    images : dict
        All-in-focus image of each further channel.
    stacks : dict
        Parameters, losses and notes of each stack that was begun, by its name; whether it is done; and its
        "slot", the step of its maps along each axis of the arrays, None for rows and columns.
    total : int
        Number of stacks.
    """

    images: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    stacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    total: int = 1

    @property
    def told(self) -> str:
        """How many stacks are done, for the user; where it is only one, which, if there are others."""
        if self.total == 1:
            name = next(iter(self.stacks), "")
            return f"only {name}, the one shown" if name else ""
        done = sum(stack["done"] for stack in self.stacks.values())
        return f"{done} of {self.total} stacks{', one in part' if done < len(self.stacks) else ''}"


class SeriesArrays:
    """Arrays of the results, filled stack by stack.

    Parameters
    ----------
    series : StackSeries
        The stacks.
    """

    def __init__(self, series: StackSeries) -> None:
        self._series = series
        self._arrays: dict[str, NDArray[Any]] = {}
        self._last: DefocusResult | None = None
        self._stacks: dict[str, dict[str, Any]] = {}
        self._failures: dict[str, str] = {}

    def put(
        self,
        index: tuple[int, ...],
        result: DefocusResult,
        images: dict[str, NDArray[np.float32]] | None = None,
    ) -> None:
        """Take the result of a stack, with the images of its channels when it is done."""
        parts = {
            "depth": result.depth,
            "all_in_focus": result.all_in_focus,
            "outliers": result.outliers,
            "confidence": result.confidence,
            **(images or {}),
        }
        inside = self._series.inside or ()
        for name, whole in parts.items():
            part = whole[inside]
            self._array(name, part)[self._series.placement.slot(index)] = part
        self._last = result
        self._stacks[self._series.name(index)] = {
            "parameters": result.parameters,
            "losses": list(result.losses),
            "notes": list(result.notes),
            "done": images is not None,
            "slot": [
                None if isinstance(step, slice) else step for step in self._series.placement.slot(index)
            ],
        }

    def fail(self, index: tuple[int, ...], message: str) -> None:
        """Take in that a stack cannot be solved; what there was of it goes."""
        name = self._series.name(index)
        self._failures[name] = message
        if self._stacks.pop(name, None) is not None:
            for kind, array in self._arrays.items():
                array[self._series.placement.slot(index)] = np.nan if kind == "depth" else 0

    def _array(self, name: str, part: NDArray[Any]) -> NDArray[Any]:
        """Return an array of the results, made when the first part of it comes."""
        if name not in self._arrays:
            shape = (*self._series.placement.shape, *part.shape[2:])
            if name != "depth":
                self._arrays[name] = np.zeros(shape, part.dtype)  # takes memory where it is written to
            else:
                self._arrays[name] = np.full(shape, np.nan, part.dtype)
        return self._arrays[name]

    def result(self) -> SeriesResult | None:
        """Return what there is so far, None before the first; its arrays go on being filled."""
        last = self._last
        if last is None or not self._stacks:
            return None
        results = ("depth", "all_in_focus", "outliers", "confidence")
        return SeriesResult(
            depth=self._arrays["depth"],
            all_in_focus=self._arrays["all_in_focus"],
            outliers=self._arrays["outliers"],
            confidence=self._arrays["confidence"],
            losses=last.losses,
            unit=last.unit,
            method=last.method,
            parameters=last.parameters,
            notes=self._notes(),
            images={name: array for name, array in self._arrays.items() if name not in results},
            stacks=dict(self._stacks),
            total=len(self._series),
        )

    def _notes(self) -> tuple[str, ...]:
        """Notes of all stacks, each once, and which stacks failed."""
        notes = dict.fromkeys(note for told in self._stacks.values() for note in told["notes"])
        failed = [f"{name}: {message}" for name, message in self._failures.items()]
        if len(failed) > MOST_TOLD:
            failed[MOST_TOLD:] = [f"{len(failed) - MOST_TOLD} more stacks failed too."]
        return (*notes, *failed)
