"""Render a scene as a focal stack."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.stats import qmc

from napari_defocus.errors import InputError
from napari_defocus.optics import Optics
from napari_defocus.simulation.packing import PackedScene, pack
from napari_defocus.simulation.scene import Scene
from napari_defocus.simulation.sensor import Sensor
from napari_defocus.simulation.tracing import trace_chief_rays, trace_rows
from napari_defocus.simulation.view import View

FloatImage = NDArray[np.float32]
Progress = Callable[[float, str], None]

ROWS_A_TASK = 8
EDGE_BLUR = 0.5  # px: a jump in the radius of blur between neighbouring pixels that counts as an edge


@dataclass(frozen=True, eq=False)
class RenderedStack:
    """A focal stack and the truth about it.

    Attributes
    ----------
    images : ndarray
        (planes, rows, columns[, 3]) uint8 or uint16: what the sensor gives.
    radiance : ndarray
        The same before the sensor, float32; 1 is white, highlights may exceed it.
    depth : ndarray
        (rows, columns) float32, on the chief ray of each pixel's centre, in the unit of the optics.
    all_in_focus : ndarray
        (rows, columns[, 3]) float32 in [0, 1]: seen through a pinhole in the lens' middle, with no
        diffraction and no noise, averaged over each pixel's area, saturated at white.
    edges : ndarray
        (rows, columns) bool: next to a jump in depth that changes the radius of blur by more than half a
        pixel in some plane.
    optics : Optics
        What it was seen through.
    """

    images: NDArray[np.uint8] | NDArray[np.uint16]
    radiance: FloatImage
    depth: FloatImage
    all_in_focus: FloatImage
    edges: NDArray[np.bool_]
    optics: Optics


def render_focal_stack(
    scene: Scene,
    optics: Optics,
    shape: tuple[int, int],
    *,
    lens_samples: int = 64,
    supersampling: int = 2,
    sensor: Sensor | None = None,
    seed: int = 0,
    magnification: Sequence[float] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> RenderedStack:
    """Render a scene as a registered focal stack, by rays through a finite round aperture.

    Each pixel is the mean over its area and over the aperture of the radiance that rays first meet, so depth
    edges hide and show what they do before a real lens. Diffraction is a Gaussian of the optics'
    `in_focus_blur`. The optics' `blur_scale` and `min_blur`, parts of a solver's model, have no effect.

    Parameters
    ----------
    scene : Scene
        Surfaces and light, in the unit of the optics.
    optics : ThinLens or Microscope
        The lens and its focus positions.
    shape : tuple of int
        (rows, columns) of the images.
    lens_samples : int
        Rays for each sub-pixel; a pixel gets ``lens_samples * supersampling ** 2``.
    supersampling : int
        Sub-pixels along a pixel's side. 1 or more.
    sensor : Sensor, optional
        Noise and bits; by default 8 bits without noise.
    seed : int
        Seed of the sampling and of the noise; the same arguments give the same stack.
    magnification : sequence of float, optional
        Scale of each plane's image about its middle (focus breathing); 1 by default. The truth is that of 1.
    threads : int, optional
        Threads to trace with; by default one a core. The stack does not depend on them.
    progress : callable, optional
        Called as ``progress(fraction, message)`` from this thread; what it raises ends the rendering.

    Returns
    -------
    RenderedStack

    Raises
    ------
    InputError
        If an argument is not valid or a ray leaves the scene without meeting a surface.
    """
    threads = os.cpu_count() or 1 if threads is None else threads
    counts = {"lens_samples": lens_samples, "supersampling": supersampling, "threads": threads}
    for name, value in counts.items():
        if not isinstance(value, int | np.integer) or value < 1:
            raise InputError(f"{name} must be a whole number of at least 1, but is {value!r}.")
    view = View.of(optics, shape, magnification)
    packed = pack(scene)
    depth, edges = _chief_rays(packed, view, optics)
    tracer = _Tracer(packed, scene.channels, view, lens_samples, supersampling, seed, threads, progress)
    all_in_focus = np.clip(_shrink(tracer.pinhole_image(), supersampling), 0, 1)
    diffraction = optics.effective_in_focus_blur * supersampling
    radiance = np.stack(
        [
            _shrink(_diffract(tracer.plane_image(plane), diffraction), supersampling)
            for plane in range(optics.planes)
        ]
    )
    if scene.channels == 1:
        radiance, all_in_focus = radiance[..., 0], all_in_focus[..., 0]
    images = (sensor or Sensor()).expose(radiance, seed=seed)
    return RenderedStack(images, radiance, depth, all_in_focus, edges, optics)


def true_depth(scene: Scene, optics: Optics, shape: tuple[int, int]) -> FloatImage:
    """Return the depth that :func:`render_focal_stack` gives, (rows, columns) float32, without rendering.

    Raises
    ------
    InputError
        If an argument is not valid or a chief ray meets no surface.
    """
    return _chief_rays(pack(scene), View.of(optics, shape), optics)[0]


def _chief_rays(packed: PackedScene, view: View, optics: Optics) -> tuple[FloatImage, NDArray[np.bool_]]:
    depth = np.empty(view.shape)
    surface = np.empty(view.shape, np.int64)
    focus, start = float(view.focus[0]), view.nearest_ray_parameter
    trace_chief_rays(depth, surface, *packed[:4], view.telecentric, view.center, view.scale, focus, start)
    _refuse_lost(int((surface < 0).sum()))
    # The radius of blur is linear in the blur coordinate: the steepest plane shows the largest jump.
    blur = optics.to_blur_coordinate(depth) * optics.slopes.max()
    edges = np.zeros(view.shape, bool)
    across, along = np.abs(np.diff(blur, axis=0)) > EDGE_BLUR, np.abs(np.diff(blur, axis=1)) > EDGE_BLUR
    edges[1:] |= across
    edges[:-1] |= across
    edges[:, 1:] |= along
    edges[:, :-1] |= along
    return depth.astype(np.float32), edges


class _Tracer:
    """Images at the resolution of the sub-pixels, (rows, columns, channels)."""

    def __init__(
        self,
        packed: PackedScene,
        channels: int,
        view: View,
        lens_samples: int,
        supersampling: int,
        seed: int,
        threads: int,
        progress: Progress | None,
    ) -> None:
        self.packed, self.channels, self.view, self.seed = packed, channels, view, seed
        self.supersampling, self.threads, self.progress = supersampling, threads, progress
        count = lens_samples * supersampling**2
        sequence = qmc.Sobol(6, scramble=False).random_base2(max(int(count - 1).bit_length(), 1))[:count]
        # Each sub-pixel takes a run of the sequence, so all rays of a pixel together are spread evenly too.
        self.samples = sequence.reshape(supersampling**2, lens_samples, 6)

    def pinhole_image(self) -> FloatImage:
        return self._image(0, "All-in-focus image", float(self.view.focus[0]), 0.0, 1.0)

    def plane_image(self, plane: int) -> FloatImage:
        view = self.view
        return self._image(
            plane + 1,
            f"Plane {plane + 1} of {len(view.focus)}",
            float(view.focus[plane]),
            float(view.aperture[plane]),
            float(view.magnification[plane]),
        )

    def _image(self, step: int, message: str, focus: float, aperture: float, zoom: float) -> FloatImage:
        view = self.view
        rows, columns = (side * self.supersampling for side in view.shape)
        image = np.zeros((rows, columns, self.channels))
        shifts = np.random.default_rng([self.seed, step]).random((*view.shape, 6))
        scale = view.scale / (self.supersampling * zoom)
        center = ((rows - 1) / 2, (columns - 1) / 2)
        lens = (view.telecentric, center, scale, focus, aperture, view.nearest_ray_parameter)
        with ThreadPoolExecutor(self.threads) as pool:
            submit: Any = pool.submit
            tasks = [
                submit(
                    trace_rows,
                    image,
                    *self.packed,
                    self.samples,
                    shifts,
                    self.supersampling,
                    first,
                    last,
                    *lens,
                )
                for first, last in pairwise([*range(0, rows, ROWS_A_TASK), rows])
            ]
            try:
                lost = 0
                for done, task in enumerate(as_completed(tasks), 1):
                    lost += task.result()
                    if self.progress is not None:
                        self.progress((step + done / len(tasks)) / (len(view.focus) + 1), message)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        _refuse_lost(lost)
        return image.astype(np.float32)


def _diffract(image: FloatImage, sigma: float) -> FloatImage:
    return gaussian_filter(image, (sigma, sigma, 0), mode="nearest") if sigma > 0 else image


def _shrink(image: FloatImage, factor: int) -> FloatImage:
    """Average blocks of `factor` x `factor` pixels."""
    rows, columns, channels = image.shape
    blocks = image.reshape(rows // factor, factor, columns // factor, factor, channels)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64), np.float32)


def _refuse_lost(rays: int) -> None:
    if rays:
        raise InputError(
            f"{rays} rays leave the scene without meeting a surface; "
            "add a background, such as an infinite Rectangle behind everything."
        )
