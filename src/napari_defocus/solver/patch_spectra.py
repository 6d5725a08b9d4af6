"""Spectra of small patches of a focal stack: how much of each frequency two planes have in common."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from napari_defocus.optics import Optics
from napari_defocus.solver.observations import Observations

Floats = NDArray[np.float64]

SIDE = 32
"""Side of a patch, px."""

STRIDE = SIDE // 2

RINGS = np.arange(2, SIDE // 4 + 1)
"""Frequencies that are looked at, cycles a patch: slower ones are the window's, faster ones mostly noise and
what pixels of finite size leave of the image."""

PLANES = 9
"""Most planes of a patch: those next to its sharpest one."""

MOST_PLANES = 24
"""Most planes of a stack that are looked at: next to each other, those of a longer one hardly differ."""

SATURATED, SATURATED_SHARE = 0.99, 0.005
"""Intensity that counts as white, and the share of white pixels from which a patch is left out."""


@dataclass(frozen=True, eq=False)
class PatchSpectra:
    """Patches of a focal stack, each seen in the planes around the one in which it is sharpest.

    Planes are counted in the order of their focus. A patch's spectrum in plane ``f`` is ``B_f``, and ``D_f``
    is that of the patch under the derivative of the window instead of the window (see :mod:`blur_fit`).

    Attributes
    ----------
    products : ndarray, (patches, 3, rings, planes, planes), float64
        Real parts of ``B_f conj(B_g)``, ``B_f conj(D_g)`` and ``D_f conj(D_g)``, summed over rings of
        frequency.
    sharpest : ndarray, (patches,), int64
        Sharpest plane.
    first : ndarray, (patches,), int64
        First plane of the products.
    """

    products: Floats
    sharpest: NDArray[np.int64]
    first: NDArray[np.int64]

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Patches of several parts of an image as one."""
        names = ("products", "sharpest", "first")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def __len__(self) -> int:
        return len(self.sharpest)


def ring_frequencies(*, discrete: bool = False) -> Floats:
    """Mean frequency of each ring, (rings,), radians a pixel.

    For a `discrete` Gaussian those that its transfer function ``exp(sigma^2 (cos y + cos x - 2))`` sees.
    """
    _, _, radius, count = _plane_waves()
    rings = [np.rint(radius * SIDE / (2 * np.pi)) == ring for ring in RINGS]
    if discrete:
        y, x = (np.cos(2 * np.pi * np.fft.fftfreq(SIDE)), np.cos(2 * np.pi * np.fft.rfftfreq(SIDE)))
        radius = np.sqrt(2 * np.maximum(2 - y[:, None] - x[None, :], 0))
    return np.array([np.average(radius[ring], weights=count[ring]) for ring in rings])


def focus_order(optics: Optics) -> NDArray[np.int64]:
    """Planes that are looked at, in the order of the blur coordinate of their focus."""
    order = np.argsort(optics.centers, kind="stable")
    return np.asarray(order[:: -(-len(order) // MOST_PLANES)], np.int64)


def patch_spectra(observations: Observations, optics: Optics) -> PatchSpectra:
    """Spectra of all patches of a stack, or of a part of one, that are sharpest between two planes.

    Patches that are sharpest in the first or the last plane, and those with white pixels, are left out.
    """
    order = focus_order(optics)
    planes = min(PLANES, len(order))
    stack = np.stack([observations.grey(int(index)) for index in order])
    white = SATURATED * observations.white
    parts = [_row_spectra(row, planes, white) for row in _patch_rows(stack)]
    if not parts:
        shape = (0, 3, len(RINGS), planes, planes)
        return PatchSpectra(np.empty(shape), np.empty(0, np.int64), np.empty(0, np.int64))
    return PatchSpectra.joined(parts)


def _patch_rows(stack: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Patches side by side, (patches, planes, SIDE, SIDE), row for row."""
    if min(stack.shape[1:]) < SIDE:
        return
    for y in range(0, stack.shape[1] - SIDE + 1, STRIDE):
        row = sliding_window_view(stack[:, y : y + SIDE], SIDE, axis=2)[:, :, ::STRIDE]
        yield np.ascontiguousarray(row.transpose(2, 0, 1, 3))


def _row_spectra(patches: NDArray[np.float32], planes: int, white: float) -> PatchSpectra:
    count = patches.shape[1]
    window, slope_y, slope_x = _windows()
    cosine_y, cosine_x, radius, waves = _plane_waves()
    ring = np.rint(radius * SIDE / (2 * np.pi)).astype(int)
    saturated = (patches >= white).mean(axis=(2, 3)).max(axis=1) > SATURATED_SHARE
    power = window**2
    patches = patches - (patches * power).sum((2, 3), keepdims=True) / power.sum()
    spectra = np.fft.rfft2(patches * window)
    seen = np.isin(ring, RINGS)
    detail = (np.abs(spectra) ** 2 * (waves * radius**2 * seen)).sum(axis=(2, 3))
    sharpest = detail.argmax(axis=1)
    kept = np.flatnonzero(~saturated & (sharpest > 0) & (sharpest < count - 1))
    first = np.clip(sharpest[kept] - planes // 2, 0, count - planes)
    near = first[:, None] + np.arange(planes)
    patches, spectra = patches[kept[:, None], near], spectra[kept[:, None], near]
    turned = cosine_y * np.fft.rfft2(patches * slope_y) + cosine_x * np.fft.rfft2(patches * slope_x)
    turned = 1j * turned
    products = np.empty((len(kept), 3, len(RINGS), planes, planes))
    for index, cycles in enumerate(RINGS):
        chosen = ring == cycles
        straight, bent, weight = spectra[:, :, chosen], turned[:, :, chosen], waves[chosen]
        for place, (left, right) in enumerate(((straight, straight), (straight, bent), (bent, bent))):
            products[:, place, index] = ((left * weight) @ right.conj().transpose(0, 2, 1)).real
    return PatchSpectra(products, sharpest[kept], first)


def _windows() -> tuple[Floats, Floats, Floats]:
    """Hann window of a patch and its derivatives down and to the right, (SIDE, SIDE)."""
    angle = np.pi * (np.arange(SIDE) + 0.5) / SIDE
    hann, slope = np.sin(angle) ** 2, np.pi / SIDE * np.sin(2 * angle)
    return np.outer(hann, hann), np.outer(slope, hann), np.outer(hann, slope)


def _plane_waves() -> tuple[Floats, Floats, Floats, Floats]:
    """Direction cosines, frequency (radians a pixel) and number of the waves of a real transform."""
    y = 2 * np.pi * np.fft.fftfreq(SIDE)[:, None]
    x = 2 * np.pi * np.fft.rfftfreq(SIDE)[None, :]
    radius = np.hypot(y, x)
    away = np.maximum(radius, 1e-9)
    count = np.full(radius.shape, 2.0)
    count[:, [0, -1]] = 1.0
    return y / away, x / away, radius, count
