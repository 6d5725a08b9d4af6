"""What is done to each stack of a queue, and what tells one such plan from another."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_defocus.alignment import MotionKind
from napari_defocus.errors import InputError
from napari_defocus.io import FocalStack
from napari_defocus.io.parameters import to_json
from napari_defocus.optics import Optics
from napari_defocus.optics.units import METRES, UNITLESS
from napari_defocus.solver.settings import SolverSettings

Fallback = Callable[[int], Optics | None]
"""Optics for a stack of so many planes that brings none; None where there are none, :class:`InputError` where
they do not fit."""


def no_optics(planes: int) -> Optics | None:
    """Leave a stack without optics: it is not run."""
    return None


@dataclass(frozen=True)
class Plan:
    """What is done to each stack.

    Attributes
    ----------
    output : Path
        Folder that gets a folder for each result, and the summary.
    settings : SolverSettings
        Settings of the solver.
    range_unit : str, optional
        Unit of the depth range in the settings; it is converted for stacks in another unit of length.
    fallback : callable
        Optics of the stacks that bring none; called in the thread of the run.
    fallback_name : str
        What the user calls those optics.
    align : str, optional
        Kind of motion that the planes are aligned by first ("similarity", "breathing" or "translation").
        None: they are taken as they are.
    again : bool
        Replace results that are there already.
    save_plots : bool
        Also write plots (needs matplotlib).
    """

    output: Path
    settings: SolverSettings
    range_unit: str | None = None
    fallback: Fallback = no_optics
    fallback_name: str = ""
    align: MotionKind | None = None
    again: bool = False
    save_plots: bool = False

    def __post_init__(self) -> None:
        if self.settings.depth_range is not None and self.range_unit is None:
            raise InputError(
                "The stacks may have different units of depth: give the unit of the depth range, too, or "
                "leave the range out for each stack's own."
            )

    def settings_for(self, optics: Optics, white: float | None) -> SolverSettings:
        """Return the settings for a stack of these optics, whose metadata tell this white level.

        Raises
        ------
        InputError
            If the depth range cannot be converted to the unit of the optics.
        """
        settings = self.settings
        if settings.white is None:
            settings = settings.replace(white=white)
        unit = optics.depth_unit
        if settings.depth_range is None or unit == self.range_unit:
            return settings
        lengths = [METRES.get(name) for name in (self.range_unit or "", unit) if name != UNITLESS]
        if len(lengths) != 2 or lengths[0] is None or lengths[1] is None:
            raise InputError(
                f"The depth range is in {self.range_unit}, but the depth of this stack is in {unit}; leave "
                "the range out for the stack's own."
            )
        near, far = settings.depth_range
        factor = lengths[0] / lengths[1]
        return settings.replace(depth_range=(near * factor, far * factor))

    def digest(self) -> str:
        """Return twelve letters and digits that are the same for the same settings; threads do not count."""
        values = self.settings.to_dict() | {"threads": None}
        if self.settings.depth_range is not None:
            values["range_unit"] = self.range_unit
        if self.align is not None:  # so that results from before there was a choice are known again
            values["align"] = self.align
        return hashlib.sha256(to_json(dict(sorted(values.items()))).encode()).hexdigest()[:12]

    def record(self, stack: FocalStack, optics: Optics) -> dict[str, Any]:
        """Return what tells one run from another, as ``parameters.json`` keeps it: plain values."""
        record = {
            "source": stack.metadata.get("files", stack.source),
            "optics": optics.to_dict(),
            "settings_digest": self.digest(),
        }
        return dict(json.loads(to_json(record)))
