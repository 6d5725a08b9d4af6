"""How the kernels are compiled."""

from typing import Any

from numba import njit

# The kernels allocate nothing. Without numba's run-time (nrt) they do not count references to the arrays they
# pass on, which made them four times slower and hindered threads from running side by side.
options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
kernel = njit(**options)
inlined = njit(**options, forceinline=True)
