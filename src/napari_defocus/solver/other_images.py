"""The all-in-focus image of another stack of the same scene, whose depth is known."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus.errors import InputError
from napari_defocus.optics import optics_from_dict
from napari_defocus.solver.contrast import with_contrast
from napari_defocus.solver.depth_from_focus import sorted_positions
from napari_defocus.solver.glare import glare_for_image
from napari_defocus.solver.initialization import Start
from napari_defocus.solver.observations import Observations, load_part
from napari_defocus.solver.result import DefocusResult
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.unknowns import Part, Unknowns

__all__ = ["image_at_depth"]

Floats = NDArray[np.float32]
Share = Callable[[float], None]


def image_at_depth(
    images: Any, result: DefocusResult, *, white: float | None = None, progress: Share | None = None
) -> Floats:
    """All-in-focus image of a stack at the depth that another stack of the same scene gave.

    For instance of the other channels of a fluorescence microscope. With depth from defocus it is one AIF
    step from the mosaic of the planes nearest to the depth, with the optics and settings of the run; with
    depth from focus each pixel is interpolated between the two planes around its depth.

    Parameters
    ----------
    images : array_like, (planes, Y, X) or (planes, Y, X, 3)
        The stack, with the planes of the one that gave the result.
    result : DefocusResult
        Result of :func:`.solve` or :func:`.depth_from_focus`; its parameters are used.
    white : float, optional
        Intensity of this stack that counts as 1. None: the type's or the data's maximum.
    progress : callable, optional
        Gets the share of the work that is done; may raise to stop.

    Returns
    -------
    ndarray, (Y, X) or (Y, X, 3), float32
        In [0, 1].

    Raises
    ------
    InputError
        If the stack is none or its images or planes are not those of the result.
    """
    observations = load_part(images, white)
    if result.method == "defocus":
        least = SolverSettings.from_dict(result.parameters["settings"]).least_contrast
        observations = with_contrast(observations, least)
    if observations.shape != result.depth.shape:
        raise InputError(
            f"The images are {observations.shape[0]} x {observations.shape[1]} px but the depth map is "
            f"{result.depth.shape[0]} x {result.depth.shape[1]}; give a stack of the same scene."
        )
    image = _between_planes if result.method == "focus" else _solved
    return observations.to_image(image(observations, result.depth, result.parameters, progress))


def _solved(
    observations: Observations, depth: Floats, parameters: Mapping[str, Any], progress: Share | None
) -> Floats:
    """AIF step at a fixed depth, (channels, Y, X)."""
    optics = optics_from_dict(parameters["optics"])
    optics.check_planes(observations.count)
    settings = SolverSettings.from_dict(parameters["settings"]).replace(smoothness=0.0)  # nothing to smooth
    coordinates = np.ascontiguousarray(optics.to_blur_coordinate(depth), np.float32)
    planes = optics.to_blur_coordinate(optics.focus_positions_array)
    order = np.argsort(planes)
    nearest = np.searchsorted((planes[order][1:] + planes[order][:-1]) / 2, coordinates)
    run = Unknowns(
        observations,
        optics,
        settings,
        Start(order[nearest].astype(np.int32), glare=glare_for_image(observations, optics, settings)),
        part=Part(observations.shape, coordinates=coordinates),
    )
    run.improve_image(settings.image_iterations(settings.epochs), progress or _silently)
    return np.asarray(run.image)


def _between_planes(
    observations: Observations, depth: Floats, parameters: Mapping[str, Any], progress: Share | None
) -> Floats:
    """Each pixel between the two planes around its depth, (channels, Y, X)."""
    depths, order = sorted_positions(parameters["positions"], observations.count)
    if parameters["positions"] is None and depth.max() > depths[-1]:
        raise InputError(
            f"The stack has {observations.count} planes but the depth map reaches plane {depth.max():.4g}; "
            "give a stack of the same planes."
        )
    position = np.interp(depth, depths, np.arange(len(depths)))
    image = np.zeros((observations.planes.shape[1], *observations.shape), np.float32)
    for index, plane in enumerate(order):
        weight = np.maximum(1 - np.abs(position - index), 0).astype(np.float32)
        image += weight * observations.plane(int(plane))
        (progress or _silently)((index + 1) / len(order))
    return np.clip(image, 0, observations.white)


def _silently(_share: float) -> None:
    pass
