"""Errors that are meant to be read by users.

Every message is one sentence that names the input at fault and how to mend it.
"""

__all__ = ["CancelledError", "InputError", "SolverError"]


class InputError(ValueError):
    """The input (a file, a parameter, a stack) cannot be used as it is."""


class SolverError(Exception):
    """The computation failed for a reason that is not the user's input."""


class CancelledError(Exception):
    """Raised by a progress callback to stop a computation between two units of work."""
