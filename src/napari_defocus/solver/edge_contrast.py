"""Weights between neighbouring pixels: small where a guide image has an edge."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LEAST_WEIGHT = 0.03
"""Weight across the strongest edge."""

EASE = 0.5
"""Share of a weight that is taken away between two pixels that both know."""

NOISE_SHARE = 9.0
"""Squared difference that counts as no edge, in units of the variance of the noise."""


@dataclass(frozen=True, eq=False)
class NeighbourWeights:
    """Weights between each pixel and the next one.

    Attributes
    ----------
    across : ndarray, (Y, X - 1), float32
        Between neighbours in a row.
    down : ndarray, (Y - 1, X), float32
        Between neighbours in a column.
    """

    across: Floats
    down: Floats

    def eased(self, trust: Floats) -> "NeighbourWeights":
        """Less of them between pixels that can be trusted to know by themselves, `trust` (Y, X) from 0 to 1.

        So that what fills plain ground does not take thin things away.
        """
        ease = np.float32(EASE) * trust
        across = self.across * (1 - np.minimum(ease[:, 1:], ease[:, :-1]))
        return NeighbourWeights(across, self.down * (1 - np.minimum(ease[1:], ease[:-1])))


def neighbour_weights(guide: Floats, noise: float, roughness: tuple[float, float]) -> NeighbourWeights:
    """Weights from 1 on even ground down to `LEAST_WEIGHT`.

    The contrast-sensitive weights of Boykov & Jolly, "Interactive graph cuts", ICCV 2001, with the mean
    squared difference of the image as the scale of an edge.

    Parameters
    ----------
    guide : ndarray, (channels, Y, X)
        Image whose edges are looked for.
    noise : float
        Standard deviation of its noise.
    roughness : (float, float)
        Mean squared difference between neighbours in a row and in a column, of the whole image.
    """
    across, down = _differences(guide)
    return NeighbourWeights(_weights(across, noise, roughness[0]), _weights(down, noise, roughness[1]))


def roughness(guide: Floats) -> tuple[float, float]:
    """Mean squared difference between neighbours in a row and in a column."""
    across, down = _differences(guide)
    return float(across.mean(dtype=np.float64)), float(down.mean(dtype=np.float64))


def _differences(guide: Floats) -> tuple[Floats, Floats]:
    across, down = (np.square(np.diff(guide, axis=axis)).mean(axis=0) for axis in (2, 1))
    return across, down


def _weights(difference: Floats, noise: float, scale: float) -> Floats:
    bend = np.float32(max(2 * (NOISE_SHARE * noise**2 + scale), 1e-12))
    return np.asarray(LEAST_WEIGHT + (1 - LEAST_WEIGHT) * np.exp(-difference / bend), np.float32)
