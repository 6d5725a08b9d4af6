"""Edge-aware smoothing of the depth that the depth step is drawn to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_defocus.solver.smoothing_kernels import ascend, descend

Floats = NDArray[np.float32]

HUBER = np.float32(0.05)
"""Slope below which the penalty is quadratic, px of blur a pixel: slants do not turn into stairs."""

ITERATIONS = 80

EDGE_CONTRAST = 0.08
"""Image gradient at which the penalty has fallen to 1 / e, of white."""

LEAST_WEIGHT = 0.05


@dataclass(frozen=True, eq=False)
class SmoothnessPrior:
    """Huber total variation ``weight * sum w_q h(|grad a|)`` of an auxiliary depth map `a`.

    The depth is tied to the auxiliary map by ``tie * (v - a) ** 2``, so that each pixel's search stays a
    problem of its own and smoothing stays convex (quadratic relaxation: Steinbruecker, Pock & Cremers, "Large
    displacement optical flow computation without warping", ICCV 2009). Depths are in px of blur.

    Attributes
    ----------
    tie : float
        Cost of one px of blur between depth and auxiliary map.
    weight : float
        Cost of a step of one px of blur.
    edges : ndarray, (Y, X), float32
        Factor w on the weight: small where the image has an edge.
    """

    tie: float
    weight: float
    edges: Floats

    def variation(self, smooth: Floats) -> float:
        """Penalty of an auxiliary map."""
        down = np.diff(smooth, axis=0, append=smooth[-1:])
        across = np.diff(smooth, axis=1, append=smooth[:, -1:])
        slope = np.hypot(down, across)
        huber = np.where(slope < HUBER, slope**2 / (2 * HUBER), slope - HUBER / 2)
        return self.weight * float((self.edges * huber).sum(dtype=np.float64))

    def distance(self, depth: Floats, smooth: Floats) -> float:
        """Cost of the tie between depth and auxiliary map."""
        return self.tie * float(((depth - smooth) ** 2).sum(dtype=np.float64))

    def smoothed(
        self, depth: Floats, dual: Floats | None = None, progress: Callable[[float], None] | None = None
    ) -> tuple[Floats, Floats]:
        """Auxiliary map that is best for a depth map: accelerated primal-dual iterations.

        `progress` gets 1 after each of them; it may raise to stop.

        Chambolle & Pock, "A first-order primal-dual algorithm for convex problems", JMIV 2011, algorithm 2.

        Parameters
        ----------
        depth : ndarray, (Y, X), float32
            Depth, px of blur.
        dual : ndarray, (2, Y, X), float32, optional
            Dual variables to go on from, of an earlier call with a depth that was not much different.
        progress : callable, optional
            See above.

        Returns
        -------
        smooth : ndarray, (Y, X), float32
            The auxiliary map, px of blur.
        dual : ndarray, (2, Y, X), float32
            Its dual variables.
        """
        smooth = depth.copy()
        ahead = depth.copy()
        dual = np.zeros((2, *depth.shape), np.float32) if dual is None else dual.copy()
        ratio = np.float32(self.weight / (2 * self.tie))
        primal_step, dual_step = 1 / np.sqrt(8), 1 / np.sqrt(8)
        for _ in range(ITERATIONS):
            momentum = 1 / np.sqrt(1 + 2 * primal_step)
            ascend(ahead, self.edges, ratio, HUBER, np.float32(dual_step), *dual)
            descend(depth, *dual, np.float32(primal_step), np.float32(momentum), smooth, ahead)
            primal_step, dual_step = primal_step * momentum, dual_step / momentum
            if progress is not None:
                progress(1.0)
        return smooth, dual


def edge_weights(image: Floats) -> Floats:
    """Factor on the smoothness from the gradient of an image (channels, Y, X): 1 where it is flat."""
    down = np.diff(image, axis=1, append=image[:, -1:])
    across = np.diff(image, axis=2, append=image[:, :, -1:])
    slope = np.hypot(down, across).max(axis=0)
    return np.asarray(np.maximum(np.exp(-slope / EDGE_CONTRAST), LEAST_WEIGHT), np.float32)
