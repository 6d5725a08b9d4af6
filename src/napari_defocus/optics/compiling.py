"""How the kernels are compiled."""

from pathlib import Path
from typing import Any

from numba import njit

# Nothing is allocated in them: without numba's run-time (nrt) arrays that are passed on are not counted, and
# counting the shared ones keeps threads waiting for each other.
options: dict[str, Any] = {
    "nogil": True,
    "fastmath": True,
    "cache": True,
    "error_model": "numpy",
    "_nrt": False,
}
compiled = njit(**options)
# For loops without sums, where fast mathematics only makes results depend on which version of a loop runs.
compiled_exactly = njit(**{**options, "fastmath": False})


def compiled_before(kernel: Any) -> bool:
    """Whether a kernel is loaded or in the cache; also where numba does not tell."""
    index = getattr(getattr(getattr(kernel, "_cache", None), "_cache_file", None), "_index_path", None)
    return bool(kernel.signatures) or index is None or Path(index).exists()
