"""One scene of a data set, ready to be solved."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics import ThinLens


@dataclass(frozen=True, eq=False)
class DatasetScene:
    """A focal stack of a data set with its optics, and the truth where there is one.

    Attributes
    ----------
    dataset : str
        "nyuv2", "make3d" or "mobiledepth"; also the preset of :class:`SolverSettings` with the published
        settings.
    name : str
        Name of the scene within the data set, fit for a folder.
    stack : ndarray, (planes, Y, X, 3), float32
        The focal stack in [0, 1].
    optics : ThinLens
        The published camera, one focus distance a plane.
    settings : dict
        Settings that follow from how the stack came about and go with any preset: the white level, and for
        a stack made by the forward model that model.
    truth : ndarray, (Y, X), float32, optional
        True depth, in the unit of the optics.
    all_in_focus : ndarray, (Y, X, 3), float32, optional
        True all-in-focus image in [0, 1].
    reference : ndarray, (Y, X), float32, optional
        A depth map that comes with the data set and is no truth, in a unit of its own.
    truth_limit : float, optional
        True depth from which on a pixel does not count in errors of the kind C1.
    pads_edges : bool
        Whether the published code pads the stack by half of the cost window, repeating its edge.
    images_dtype : str
        Type of the pixels on disk, where the stack is photographs: the all-in-focus image is saved likewise.
    treatment : str
        What was done to the files' images, in words.
    files : tuple of str
        Absolute paths of the files that were read.
    """

    dataset: str
    name: str
    stack: NDArray[np.float32]
    optics: ThinLens
    settings: dict[str, Any] = field(default_factory=dict)
    truth: NDArray[np.float32] | None = None
    all_in_focus: NDArray[np.float32] | None = None
    reference: NDArray[np.float32] | None = None
    truth_limit: float | None = None
    pads_edges: bool = False
    images_dtype: str = "float32"
    treatment: str = ""
    files: tuple[str, ...] = ()
