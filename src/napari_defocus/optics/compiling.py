"""How the kernels are compiled."""

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
