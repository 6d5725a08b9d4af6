"""Errors that are meant to be read by users.

Every message is one sentence that names the input at fault and how to mend it.
"""

__all__ = ["CancelledError", "InputError", "SolverError", "one_sentence"]


class InputError(ValueError):
    """The input (a file, a parameter, a stack) cannot be used as it is."""


class SolverError(Exception):
    """The computation failed for a reason that is not the user's input."""


class CancelledError(Exception):
    """Raised by a progress callback to stop a computation between two units of work."""


def one_sentence(error: Exception) -> str:
    """Return what to tell of an error that costs one stack of many: its message, on one line."""
    message = " ".join(str(error).split())
    if isinstance(error, InputError | SolverError):
        return message
    if isinstance(error, MemoryError):
        return "There is not enough memory for this stack; crop it or scale it down."
    return f"{type(error).__name__}: {message}."
