"""Compiled kernels of the blur operator on one tile of the image; all release the GIL.

A tile holds, for each channel, a *bank* (order, height, width): first the all-in-focus image blurred at every
node of the :class:`BlurBasis`, then, transformed in place, the coefficients of the Chebyshev polynomials, see
:mod:`basis_kernels`.
"""

import numpy as np

from napari_defocus.optics.basis_kernels import basis_row, mix_row, trust_rows, unmix_row
from napari_defocus.optics.blur_kernels import blur_tile, spread_tile, transform_tile
from napari_defocus.optics.compiling import compiled


@compiled
def bank_tile(padded, halo, kernels, radii, to_chebyshev, y0, x0, scratch, banks):
    """Coefficients of the tile at (y0, x0), all channels, into `banks` (channels, order, height, width)."""
    for c in range(len(padded)):
        blur_tile(padded[c], halo, kernels, radii, y0, x0, scratch, banks[c])
        transform_tile(banks[c], to_chebyshev, scratch)


@compiled
def forward_tile(
    padded,
    coordinate,
    slopes,
    centers,
    law,
    kernels,
    radii,
    to_chebyshev,
    halo,
    y0,
    x0,
    banks,
    scratch,
    basis,
    out,
):
    """Predict a tile of every plane, into `out` (planes, channels, height, width)."""
    planes, channels, height, width = out.shape
    bank_tile(padded, halo, kernels, radii, to_chebyshev, y0, x0, scratch, banks)
    for y in range(height):
        row = coordinate[y0 + y, x0 : x0 + width]
        for f in range(planes):
            basis_row(row, slopes[f], centers[f], law, basis)
            for c in range(channels):
                mix_row(banks[c], y, basis, out[f, c, y])


@compiled
def adjoint_tile(
    planes_in,
    coordinate,
    slopes,
    centers,
    law,
    kernels,
    radii,
    from_chebyshev,
    halo,
    y0,
    x0,
    backs,
    scratch,
    basis,
    out,
):
    """Adjoint of :func:`forward_tile`: `planes_in` (planes, channels, Y, X), whole image, to `out`.

    `from_chebyshev` is the transposed `to_chebyshev`; `out` is (channels, height + 2 halo, width + 2 halo),
    the tile with its halo, and is added to.
    """
    planes, channels = planes_in.shape[:2]
    height, width = backs.shape[2:]
    backs[:] = 0.0
    for y in range(height):
        row = coordinate[y0 + y, x0 : x0 + width]
        for f in range(planes):
            basis_row(row, slopes[f], centers[f], law, basis)
            for c in range(channels):
                unmix_row(planes_in[f, c, y0 + y, x0 : x0 + width], basis, backs[c], y)
    for c in range(channels):
        transform_tile(backs[c], from_chebyshev, scratch)
        spread_tile(backs[c], halo, kernels, radii, scratch, out[c])


@compiled
def gradient_tile(
    padded,
    stack,
    scale,
    coordinate,
    slopes,
    centers,
    law,
    kernels,
    radii,
    to_chebyshev,
    from_chebyshev,
    halo,
    y0,
    x0,
    banks,
    backs,
    scratch,
    basis,
    trust,
    out,
):
    """Residual of a tile and, unless `backs` is empty, its adjoint, without storing the residual.

    `stack` (planes, channels, Y, X) holds the observed planes in their own type; `scale` brings them to
    [0, 1], and 0 leaves them out (the operator's normal matrix). `banks` and `backs` are scratch, (channels,
    order, height, width), so are `basis`, see :func:`basis_rows`, and `trust` (planes + 1, width). Returns
    the sum of squared residuals, each weighted with the trust in its plane.
    """
    planes = len(slopes)
    channels = len(banks)
    order, height, width = banks.shape[1:]
    adjoint = len(backs) > 0
    backs[:] = 0.0
    total = 0.0
    bank_tile(padded, halo, kernels, radii, to_chebyshev, y0, x0, scratch, banks)
    residual = basis[order]
    for y in range(height):
        row = coordinate[y0 + y, x0 : x0 + width]
        trust_rows(row, slopes, centers, law, trust)
        for f in range(planes):
            basis_row(row, slopes[f], centers[f], law, basis)
            weight = trust[f]
            for c in range(channels):
                mix_row(banks[c], y, basis, residual)
                if scale > 0:
                    observed = stack[f, c, y0 + y, x0 : x0 + width]
                    for x in range(width):
                        residual[x] -= scale * np.float32(observed[x])
                squares = np.float32(0.0)
                for x in range(width):
                    weighted = weight[x] * residual[x]
                    squares += weighted * residual[x]
                    residual[x] = weighted
                total += squares
                if adjoint:
                    unmix_row(residual, basis, backs[c], y)
    for c in range(len(backs)):
        transform_tile(backs[c], from_chebyshev, scratch)
        spread_tile(backs[c], halo, kernels, radii, scratch, out[c])
    return total
