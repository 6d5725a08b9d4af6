"""What draws brush and polygon of a labels layer, made after the layer.

napari makes both with every labels layer, whoever sees it; that takes longer than all the rest of the layer.
"""

import importlib
import sys
from collections.abc import Callable
from typing import Any

from napari.layers import Labels

__all__ = ["TOOLS", "load_for_labels", "without_tools"]

TOOLS = 2
"""Brush and polygon."""

DASHES = "vispy.visuals.line.dash_atlas"
"""Computes the dashes of a polygon's outline for the first one, and keeps them."""


def load_for_labels() -> None:
    """Load and compute what the first labels layer needs; for another thread than the window's."""
    importlib.import_module("pandas")
    make_dashes = getattr(sys.modules.get(DASHES), "DashAtlas", None)  # not there: nothing will be drawn
    if make_dashes is not None:
        make_dashes()


def without_tools(layer: Labels) -> Callable[[], None]:
    """Take the tools from a layer that is to be added to a viewer.

    Returns
    -------
    callable
        Gives it back one tool each time it is called. A layer that becomes visible gets all of them, since
        only then can they be chosen.
    """
    overlays = getattr(layer, "_overlays", {})  # napari has no public name for them
    taken = [overlay for overlay in overlays.values() if overlay.visible]
    for overlay in taken:
        overlay.visible = False

    def give_one() -> None:
        if taken:
            taken.pop(0).visible = True
            layer.events.scale()  # napari places what it draws on a layer when that is moved

    def give_all(_: Any) -> None:
        while taken:
            give_one()

    layer.events.visible.connect(give_all)
    return give_one
