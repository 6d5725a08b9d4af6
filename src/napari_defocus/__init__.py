"""Depth, all-in-focus image and outliers from a focal stack.

Nothing heavy is imported until a name is used, and nothing here needs napari, Qt or a display.
"""

from typing import TYPE_CHECKING

import lazy_loader as lazy

__version__ = "0.1.0"

__getattr__, __dir__, _ = lazy.attach(
    __name__,
    submod_attrs={
        "alignment": ["AlignmentResult", "align_focal_stack"],
        "comparison": ["DepthComparison", "compare_depths"],
        "errors": ["CancelledError", "InputError", "SolverError"],
        "io": ["FocalStack", "read_focal_stack", "save_alignment", "save_result"],
        "optics": ["Microscope", "Optics", "ThinLens", "UncalibratedFocus", "load_optics", "save_optics"],
        "solver": [
            "BlurEstimate",
            "DefocusResult",
            "FocusCurve",
            "SolverSettings",
            "SolverState",
            "alternating_minimization",
            "depth_from_focus",
            "estimate_blur",
            "focus_curve",
            "focus_measure",
            "focus_measure_volume",
            "solve",
        ],
    },
)

if TYPE_CHECKING:
    from napari_defocus.alignment import AlignmentResult, align_focal_stack
    from napari_defocus.comparison import DepthComparison, compare_depths
    from napari_defocus.errors import CancelledError, InputError, SolverError
    from napari_defocus.io import FocalStack, read_focal_stack, save_alignment, save_result
    from napari_defocus.optics import (
        Microscope,
        Optics,
        ThinLens,
        UncalibratedFocus,
        load_optics,
        save_optics,
    )
    from napari_defocus.solver import (
        BlurEstimate,
        DefocusResult,
        FocusCurve,
        SolverSettings,
        SolverState,
        alternating_minimization,
        depth_from_focus,
        estimate_blur,
        focus_curve,
        focus_measure,
        focus_measure_volume,
        solve,
    )

__all__ = [
    "AlignmentResult",
    "BlurEstimate",
    "CancelledError",
    "DefocusResult",
    "DepthComparison",
    "FocalStack",
    "FocusCurve",
    "InputError",
    "Microscope",
    "Optics",
    "SolverError",
    "SolverSettings",
    "SolverState",
    "ThinLens",
    "UncalibratedFocus",
    "__version__",
    "align_focal_stack",
    "alternating_minimization",
    "compare_depths",
    "depth_from_focus",
    "estimate_blur",
    "focus_curve",
    "focus_measure",
    "focus_measure_volume",
    "load_optics",
    "read_focal_stack",
    "save_alignment",
    "save_optics",
    "save_result",
    "solve",
]
