"""The published algorithm with the cost structure of its published form, written from its description.

Jackson, Adams, Lopez-Francos, Recht, "Depth from Defocus via Direct Optimization", arXiv 2602.18509: an
explicit sparse matrix of all planes, cold-started FISTA, and a depth step that blurs the image anew for every
candidate and plane. In float32 throughout. It is here to be measured against, so where the description
leaves a choice, the faster one is taken.

    python -m benchmarks.comparator FOLDER [--epochs 1]

runs it for real, from the image of the second plane (to which the published graph cut collapses here): RMSE
0.82 and 0.62 m after the first two epochs, where the published code was measured at 0.82 and 0.60.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import csr_array

from benchmarks.harness import Clock
from benchmarks.published_model import DEPTH_RANGE, KERNEL_SIZE, LENS, gather, nyuv2_scene
from napari_defocus import ThinLens
from napari_defocus.metrics import delta, psnr, rmse

Floats = NDArray[np.float32]

EPOCHS = 40
START_PLANE = 1
CANDIDATES = 100
POWER_ITERATIONS = 10
GOLDEN = (np.sqrt(5) - 1) / 2
GOLDEN_TOLERANCE = 0.01
"""Width at which the golden-section search stops, as a share of its first bracket."""


def schedule(epochs: int = EPOCHS, first: int = 200, growth: float = 1.05) -> list[int]:
    """FISTA iterations of each epoch: whole numbers that grow from one another, 23,459 in 40 epochs."""
    counts = [first]
    while len(counts) < epochs:
        counts.append(int(counts[-1] * growth))
    return counts


def weights(sigma: NDArray[np.float64], size: int) -> Floats:
    """One-dimensional kernels (\\*sigma.shape, size), normalised in their window."""
    offsets = np.arange(size) - size // 2
    kernels = np.exp(-0.5 * (offsets / sigma[..., None]) ** 2)
    return np.asarray(kernels / kernels.sum(-1, keepdims=True), np.float32)


def blur_matrix(depth: NDArray[np.floating], lens: ThinLens, size: int) -> csr_array:
    """Blur of all planes, (planes * pixels, pixels), a row a pixel and plane; black beyond the frame."""
    height, width = depth.shape
    offsets = np.arange(size) - size // 2
    rows, columns = np.arange(height)[:, None] + offsets, np.arange(width)[:, None] + offsets
    within_y, within_x = (rows >= 0) & (rows < height), (columns >= 0) & (columns < width)
    within = within_y[:, None, :, None] & within_x[None, :, None, :]
    sources = (rows[:, None, :, None] * width + columns[None, :, None, :]).astype(np.int32)[within]
    counts = np.outer(within_y.sum(1), within_x.sum(1)).ravel()
    entries = []
    for sigma in lens.blur_sigma(depth):
        kernel = weights(sigma, size)
        entries.append((kernel[..., :, None] * kernel[..., None, :])[within])
    ends = np.cumsum(np.concatenate([[0], np.tile(counts, lens.planes)])).astype(np.int32)
    return csr_array(
        (np.concatenate(entries), np.tile(sources, lens.planes), ends),
        shape=(lens.planes * height * width, height * width),
    )


def lipschitz_constant(matrix: csr_array, iterations: int = POWER_ITERATIONS) -> np.float32:
    """Largest eigenvalue of A' A by power iterations."""
    vector = np.ones(matrix.shape[1], np.float32)
    for _ in range(iterations):
        vector /= np.linalg.norm(vector)
        vector = matrix.T @ (matrix @ vector)
    return np.float32(np.linalg.norm(vector))


def fista(matrix: csr_array, observed: Floats, lipschitz: np.float32) -> Iterator[Floats]:
    """FISTA on the box [0, 1] from black: the image (channels, pixels) after each iteration, for ever.

    A channel is a vector of its own: half the time of one product with three columns, measured.
    """
    current = np.zeros((len(observed), matrix.shape[1]), np.float32)
    ahead = current
    momentum = 1.0
    while True:
        gradient = np.stack([matrix.T @ (matrix @ x - b) for x, b in zip(ahead, observed, strict=True)])
        following = np.clip(ahead - gradient / lipschitz, 0, 1)
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = following + np.float32((momentum - 1) / grown) * (following - current)
        current, momentum = following, grown
        yield current


def residual(predicted: Floats, observed: Floats) -> Floats:
    """Squared difference of (channels, Y, X) images, summed over the channels."""
    return np.asarray(((predicted - observed) ** 2).sum(0), np.float32)


@dataclass(frozen=True)
class DepthSearch:
    """The depth step for one image.

    Parameters
    ----------
    image : ndarray, (channels, Y, X), float32
        All-in-focus image.
    stack : ndarray, (planes, channels, Y, X), float32
        Observed planes.
    """

    image: Floats
    stack: Floats
    lens: ThinLens
    size: int

    def grid_cost(self, depth: float) -> Floats:
        """Cost of one depth at all pixels: a two-dimensional convolution for each plane and channel."""
        total = np.zeros(self.image.shape[1:], np.float32)
        for sigma, observed in zip(self.lens.blur_sigma(np.float64(depth)), self.stack, strict=True):
            kernel = weights(sigma, self.size)
            plane = [
                ndimage.convolve(channel, np.outer(kernel, kernel), mode="constant") for channel in self.image
            ]
            total += residual(np.stack(plane), observed)
        return total

    def cost(self, depth: NDArray[np.floating]) -> Floats:
        """Cost of each pixel at a depth of its own: each is gathered with a kernel of its own."""
        reach = self.size // 2
        padded = np.pad(self.image, [(0, 0), (reach, reach), (reach, reach)])
        patches = sliding_window_view(padded, (self.size, self.size), axis=(1, 2))
        total = np.zeros(depth.shape, np.float32)
        for sigma, observed in zip(self.lens.blur_sigma(depth), self.stack, strict=True):
            kernel = weights(sigma, self.size)
            across = np.einsum("cyxij,yxj->cyxi", patches, kernel)
            total += residual(np.einsum("cyxi,yxi->cyx", across, kernel), observed)
        return total

    def grid(self, depths: NDArray[np.float64]) -> NDArray[np.float64]:
        """Best of the candidate depths for each pixel."""
        costs = np.stack([self.grid_cost(depth) for depth in depths])
        return depths[costs.argmin(0)]

    def golden(
        self, best: NDArray[np.float64], step: float, limits: tuple[float, float]
    ) -> NDArray[np.float64]:
        """Golden-section search within one step on either side of the best."""
        low, high = np.clip(best - step, *limits), np.clip(best + step, *limits)
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        at_left, at_right = self.cost(left), self.cost(right)
        width = 1.0
        while width > GOLDEN_TOLERANCE:
            leftwards = at_left < at_right
            low, high = np.where(leftwards, low, left), np.where(leftwards, right, high)
            new = np.where(leftwards, high - GOLDEN * (high - low), low + GOLDEN * (high - low))
            at_new = self.cost(new)
            left, right = np.where(leftwards, new, right), np.where(leftwards, left, new)
            at_left, at_right = (
                np.where(leftwards, at_new, at_right),
                np.where(leftwards, at_left, at_new),
            )
            width *= GOLDEN
        return (low + high) / 2


def depth_step(
    image: Floats,
    stack: Floats,
    previous: NDArray[np.float64],
    lens: ThinLens = LENS,
    size: int = KERNEL_SIZE,
    limits: tuple[float, float] = DEPTH_RANGE,
    candidates: int = CANDIDATES,
) -> NDArray[np.float64]:
    """New depth of each pixel, or the previous one where the new one costs more."""
    search = DepthSearch(image, stack, lens, size)
    depths = np.linspace(*limits, candidates)
    refined = search.golden(search.grid(depths), depths[1] - depths[0], limits)
    return np.where(search.cost(refined) < search.cost(previous), refined, previous)


def aif_step(stack: Floats, depth: NDArray[np.float64], lens: ThinLens, size: int, iterations: int) -> Floats:
    """All-in-focus image (channels, Y, X) for a depth map."""
    matrix = blur_matrix(depth, lens, size)
    observed = np.ascontiguousarray(np.moveaxis(stack, 1, 0)).reshape(stack.shape[1], -1)
    images = fista(matrix, observed, lipschitz_constant(matrix))
    for _ in range(iterations - 1):
        next(images)
    return next(images).reshape(stack.shape[1:])


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with 0045_rgb.png and 0045_depth.png")
    parser.add_argument("--epochs", type=int, default=1)
    arguments = parser.parse_args(argv)
    truth, depth = nyuv2_scene(arguments.folder)
    stack = np.ascontiguousarray(np.moveaxis(gather(truth, depth), -1, 1))
    image, found = stack[START_PLANE], np.full(depth.shape, LENS.focus_distances[START_PLANE])
    clock = Clock()
    for epoch, iterations in enumerate(schedule(arguments.epochs), 1):
        with clock:
            found = depth_step(image, stack, found)
            image = aif_step(stack, found, LENS, KERNEL_SIZE, iterations)
        print(
            f"epoch {epoch}: {clock.cpu:.0f} CPU s, RMSE {rmse(found, depth):.4f} m, "
            f"delta1 {delta(found, depth):.4f}, AIF {psnr(np.moveaxis(image, 0, -1), truth):.2f} dB",
            flush=True,
        )


if __name__ == "__main__":
    main()
