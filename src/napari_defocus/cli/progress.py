"""A progress bar on stderr, with the time left and the loss."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Never, Self

from tqdm import tqdm

if TYPE_CHECKING:
    from napari_defocus.solver import SolverState


class ProgressBar:
    """The `progress` callback of the solvers: ``bar(fraction, message)``.

    Drawn only where stderr is a terminal, so that logs and pipes stay clean.

    Parameters
    ----------
    quiet : bool
        Draw nothing.
    verbose : bool
        Also print a line for each half-step of the solver.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self._verbose = verbose
        self._bar: tqdm[Never] = tqdm(
            total=1.0,
            bar_format="{desc}{percentage:3.0f} %|{bar}| {elapsed} spent, {remaining} left{postfix}",
            file=sys.stderr,
            disable=quiet or None,  # None: where stderr is no terminal
            leave=False,
        )

    def __call__(self, fraction: float, message: str) -> None:
        self._bar.set_description(message, refresh=False)
        self._bar.update(max(min(fraction, 1.0) - self._bar.n, 0.0))

    def show_state(self, state: "SolverState") -> None:
        """Show the loss after a half-step of the solver."""
        self._bar.set_postfix_str(f"loss {state.loss:.3e}")
        if self._verbose:
            self._bar.write(f"epoch {state.epoch}, {state.step}: loss {state.loss:.6e}", file=sys.stderr)

    def say(self, line: str) -> None:
        """Print a line to stdout, above the bar."""
        self._bar.write(line, file=sys.stdout)
        sys.stdout.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
