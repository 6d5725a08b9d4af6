"""What the machine can do at most, by compiled loops written like the solver's kernels."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from numpy.typing import NDArray

from benchmarks.harness import best_seconds

Floats = NDArray[np.float32]

SIZES = {"L1": 2**12, "L2": 2**16, "L3": 2**20, "memory": 2**25}
"""Elements of each of the two arrays of a copy: 32 KiB, 512 KiB, 8 MiB and 256 MiB in all."""

FMA_CHAIN = 16
FMA_ELEMENTS = 2**11


@njit(nogil=True, fastmath=True, error_model="numpy")
def copy(source: Floats, target: Floats) -> None:
    """Scaled copy: like STREAM's second kernel, and no call of memcpy."""
    for i in range(len(source)):
        target[i] = np.float32(1.5) * source[i]


@njit(nogil=True, fastmath={"contract"}, error_model="numpy")
def multiply_add(source: Floats, factor: np.float32, target: Floats) -> None:
    """`FMA_CHAIN` dependent multiply-adds an element; elements are independent, so they overlap."""
    for i in range(len(source)):
        x = source[i]
        y = x
        y = y * factor + x
        y = y * x + factor
        y = y * factor + x
        y = y * x + factor
        y = y * factor + x
        y = y * x + factor
        y = y * factor + x
        y = y * x + factor
        y = y * factor + x
        y = y * x + factor
        y = y * factor + x
        y = y * x + factor
        y = y * factor + x
        y = y * x + factor
        y = y * factor + x
        y = y * x + factor
        target[i] = y


@njit(nogil=True)
def copy_often(source: Floats, target: Floats, calls: int) -> None:
    for _ in range(calls):
        copy(source, target)


@njit(nogil=True)
def multiply_add_often(source: Floats, factor: np.float32, target: Floats, calls: int) -> None:
    for _ in range(calls):
        multiply_add(source, factor, target)


def copy_rate(elements: int, threads: int = 1) -> float:
    """GB/s read and written; with several threads each copies arrays of its own."""
    calls = max(1, 2**20 // elements)  # to call a compiled function takes as long as some 10 KB
    pairs = [(np.ones(elements, np.float32), np.ones(elements, np.float32)) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        seconds = best_seconds(lambda: list(pool.map(lambda pair: copy_often(*pair, calls), pairs)))
    return threads * calls * elements * 8 / seconds / 1e9


def fma_rate() -> float:
    """GFLOP/s of one core in float32, a multiply-add being two."""
    source = np.linspace(0, 0.5, FMA_ELEMENTS, dtype=np.float32)
    target = np.empty_like(source)
    calls = 1000
    seconds = best_seconds(lambda: multiply_add_often(source, np.float32(0.5), target, calls))
    return calls * FMA_ELEMENTS * FMA_CHAIN * 2 / seconds / 1e9


def measured(threads: int) -> dict[str, float]:
    """All ceilings: GB/s of a copy by where the arrays lie, for one core and for all; GFLOP/s of one core."""
    ceilings = {f"copy_{where}": copy_rate(elements) for where, elements in SIZES.items()}
    ceilings["copy_memory_all"] = copy_rate(SIZES["memory"], threads)
    ceilings["fma"] = fma_rate()
    return ceilings


def main() -> None:
    import os

    for name, rate in measured(os.cpu_count() or 1).items():
        print(f"{name:16} {rate:8.1f} {'GFLOP/s' if name == 'fma' else 'GB/s'}")


if __name__ == "__main__":
    main()
