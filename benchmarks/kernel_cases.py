"""The solver's compiled kernels, each ready to be called, with its operations and bytes.

This is the file to adapt when a kernel changes; what is counted, and how, stands in
:mod:`benchmarks.kernel_setting`.
"""

from collections.abc import Iterator

import numpy as np
from numba import njit

from benchmarks.kernel_setting import (
    CHANNELS,
    CORNER,
    HEIGHT,
    PIXELS,
    PLANES,
    RESIDUAL,
    STEP_MIX,
    WIDTH,
    Case,
    Setting,
)
from napari_defocus import SolverSettings
from napari_defocus.optics import basis_kernels, blur_kernels, tile_kernels
from napari_defocus.solver import depth_kernels, sharpness_kernels, smoothing_kernels, window_kernels
from napari_defocus.solver.depth_step import candidate_steps, golden_rounds

WINDOW = 5
"""Cost window, px."""

WHOLE = 2000
"""Side of the image for kernels that work on the whole of it, px."""


@njit(nogil=True)
def basis_tile(coordinate, slope, center, law, basis):
    for y in range(len(coordinate)):
        basis_kernels.basis_row(coordinate[y], slope, center, law, basis)


@njit(nogil=True)
def mix_tile(bank, basis, out):
    for y in range(len(out)):
        basis_kernels.mix_row(bank, y, basis, out[y])


@njit(nogil=True)
def unmix_tile(plane, basis, bank):
    for y in range(len(plane)):
        basis_kernels.unmix_row(plane[y], basis, bank, y)


def row_cases(s: Setting) -> Iterator[Case]:
    """Kernels of rows, over the rows of a tile."""
    slopes, centers, law = s.operator.plane_arguments()
    basis = s.polynomials
    basis[0] = 1
    plane, back = np.empty((HEIGHT, WIDTH), np.float32), np.zeros_like(s.banks[0])
    yield Case(
        "basis_row",
        lambda: basis_tile(s.own, slopes[3], centers[3], law, basis),
        s.basis_flops(),
        4 * PIXELS + basis.nbytes,
    )
    yield Case(
        "mix_row",
        lambda: mix_tile(s.banks[0], basis, plane),
        s.mix_flops(),
        s.bank_bytes + basis.nbytes + 4 * PIXELS,
    )
    yield Case(
        "unmix_row",
        lambda: unmix_tile(plane, basis, back),
        s.mix_flops() + PIXELS,
        2 * s.bank_bytes + basis.nbytes + 4 * PIXELS,
    )


def operator_cases(s: Setting) -> Iterator[Case]:
    """Kernels of the operator and of the AIF step."""
    kernels, radii, to_chebyshev = s.operator.basis_arguments()
    from_chebyshev = np.ascontiguousarray(to_chebyshev.T)
    halo, at = s.basis.halo, s.operator.plane_arguments()
    bank = np.zeros((s.order, HEIGHT, WIDTH), np.float32)
    banks, backs = np.zeros_like(s.banks), np.zeros_like(s.banks)
    block = np.zeros((CHANNELS, HEIGHT + 2 * halo, WIDTH + 2 * halo), np.float32)
    yield Case(
        "blur_tile",
        lambda: blur_kernels.blur_tile(s.padded[0], halo, kernels, radii, *CORNER, s.rows, bank),
        s.blur_flops(),
        s.tile_bytes + s.bank_bytes,
    )
    identity = np.eye(s.order, dtype=np.float32)  # so that the bank, changed in place, stays as it is
    yield Case(
        "transform_tile",
        lambda: blur_kernels.transform_tile(bank, identity, s.rows),
        s.transform_flops(),
        2 * s.bank_bytes,
    )
    yield Case(
        "spread_tile",
        lambda: blur_kernels.spread_tile(s.banks[0], halo, kernels, radii, s.rows, block[0]),
        s.spread_flops(),
        2 * s.tile_bytes + s.bank_bytes,
    )
    predicted = np.empty((PLANES, CHANNELS, HEIGHT, WIDTH), np.float32)
    bank_flops = CHANNELS * (s.blur_flops() + s.transform_flops())
    yield Case(
        "forward_tile",
        lambda: tile_kernels.forward_tile(
            s.padded,
            s.coordinates,
            *at,
            kernels,
            radii,
            to_chebyshev,
            halo,
            *CORNER,
            banks,
            s.rows,
            s.polynomials,
            predicted,
        ),
        bank_flops + PLANES * (s.basis_flops() + CHANNELS * s.mix_flops()),
        CHANNELS * s.tile_bytes + predicted.nbytes + 4 * PIXELS,
    )
    mix_and_back = 2 * s.mix_flops() + PIXELS * (3 + RESIDUAL)
    yield Case(
        "gradient_tile",
        lambda: tile_kernels.gradient_tile(
            s.padded,
            s.stack,
            s.scale,
            s.coordinates,
            *at,
            kernels,
            radii,
            to_chebyshev,
            from_chebyshev,
            halo,
            *CORNER,
            banks,
            backs,
            s.rows,
            s.polynomials,
            s.trust,
            block,
        ),
        bank_flops
        + CHANNELS * (s.spread_flops() + s.transform_flops())
        + PLANES * (s.basis_flops() + s.trust_flops() + CHANNELS * mix_and_back),
        3 * CHANNELS * s.tile_bytes + PLANES * CHANNELS * PIXELS + 4 * PIXELS,
    )


def depth_cases(s: Setting) -> Iterator[Case]:
    """Kernels of the depth step."""
    count, samples = len(s.candidates), PLANES * CHANNELS * PIXELS
    stack, at = (s.stack, s.scale, *CORNER), s.operator.plane_arguments()
    values, places = s.basis.values_at_steps(), candidate_steps(s.operator, s.candidates)
    rounds = golden_rounds(SolverSettings().golden_tolerance)
    steps = np.empty((CHANNELS, len(values), WIDTH), np.float32)
    seen, last = (np.empty((PLANES * CHANNELS, WIDTH), np.float32) for _ in range(2))
    row_costs, work = np.empty((count, WIDTH), np.float32), np.empty((8, WIDTH), np.float32)
    cost, cross = (np.empty((n, HEIGHT, WIDTH), np.float32) for n in (count, count - 1))
    costs, contrast = np.empty((2, HEIGHT, WIDTH), np.float32), np.empty((HEIGHT, WIDTH), np.float32)
    found, mean, sums = s.own.copy(), np.empty_like(cost), np.empty(WIDTH, np.float32)
    inputs = s.banks.nbytes + samples
    evaluate = CHANNELS * len(values) * PIXELS * (2 * s.order - 1)
    at_own = PIXELS * 4 + PLANES * (
        s.basis_flops() + s.trust_flops() + CHANNELS * (s.mix_flops() + PIXELS * (1 + RESIDUAL))
    )
    yield Case(
        "tile_costs",
        lambda: window_kernels.tile_costs(
            s.banks, *stack, *at, *s.pull, s.polynomials, s.trust, seen, s.own, contrast
        ),
        samples + at_own,
        inputs + 12 * PIXELS,
    )

    def search() -> None:
        found[:] = s.own
        depth_kernels.search_tile(
            s.banks,
            *stack,
            values,
            *places,
            *at,
            s.candidates,
            *s.pull,
            rounds,
            s.polynomials,
            s.trust,
            steps,
            seen,
            row_costs,
            work,
            found,
            costs,
            contrast,
        )

    yield Case(
        "search_tile",
        search,
        samples * (1 + count * (STEP_MIX + 1 + RESIDUAL))
        + evaluate
        + count * PIXELS * 5
        + (4 + rounds) * at_own,
        inputs + 24 * PIXELS,
    )
    yield Case(
        "sweep_tile",
        lambda: window_kernels.sweep_tile(
            s.banks, *stack, values, *places, s.polynomials[: s.order], steps, seen, last, cost, cross
        ),
        samples * (1 + count * (STEP_MIX + 1 + RESIDUAL + 2)) + evaluate,
        inputs + cost.nbytes + cross.nbytes,
    )
    yield Case(
        "box_mean",
        lambda: window_kernels.box_mean(cost, WINDOW, 0, 0, sums, mean),
        count * PIXELS * 2 * WINDOW,
        2 * cost.nbytes,
    )
    yield Case(
        "best_in_segments",
        lambda: window_kernels.best_in_segments(
            cost, cross, s.candidates, *s.pull, work[:3], found, contrast
        ),
        count * PIXELS * (17 + 31),  # the current depth's cost, and the least one's
        cost.nbytes + cross.nbytes + 16 * PIXELS,
    )


def whole_image_cases() -> Iterator[Case]:
    """Kernels of the depth's smoothing and of the sharpness, which work on whole images."""
    shape, size = (WHOLE, WHOLE), WHOLE * WHOLE
    rng = np.random.default_rng(0)
    depth, edges, smooth, ahead = (rng.random(shape, np.float32) for _ in range(4))
    dual_y, dual_x = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    step = np.float32(0.3)
    yield Case(
        "ascend",
        lambda: smoothing_kernels.ascend(ahead, edges, step, np.float32(0.05), step, dual_y, dual_x),
        20 * size,
        24 * size,
    )
    yield Case(
        "descend",
        lambda: smoothing_kernels.descend(depth, dual_y, dual_x, step, step, smooth, ahead),
        12 * size,
        24 * size,
    )
    framed = np.pad(depth, 1)
    yield Case(
        "sobel_magnitude", lambda: sharpness_kernels.sobel_magnitude(framed, smooth), 18 * size, 8 * size
    )
    radius = 8
    padded, kernel = np.pad(depth, radius), np.full(radius + 1, 1 / (2 * radius + 1), np.float32)
    column = np.empty(WHOLE + 2 * radius, np.float32)
    yield Case(
        "smooth_plane",
        lambda: sharpness_kernels.smooth_plane(padded, kernel, radius, column, smooth),
        2 * (1 + 3 * radius) * size,
        8 * size,
    )


def cases() -> Iterator[Case]:
    setting = Setting()
    yield from operator_cases(setting)
    yield from row_cases(setting)
    yield from depth_cases(setting)
    yield from whole_image_cases()
