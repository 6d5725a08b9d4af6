"""What an unknown blur scale costs: the estimate from the stack, and the depth with it.

    python -m benchmarks.accuracy.unknown_blur [--scenes NAME ...]

Each tuning scene and each bundled sample is solved with the true blur scale, with wrong ones and with the
estimate. The estimate is made once for each wrong one that the solver is told.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.arguments import parser_of
from benchmarks.accuracy.rendering import load_case
from benchmarks.accuracy.report import table
from benchmarks.accuracy.scenes import SCENES, TUNING_NAMES
from benchmarks.accuracy.truth import depth_error
from napari_defocus import BlurEstimate, Optics, SolverSettings, estimate_blur, read_focal_stack, solve
from napari_defocus.io.samples import load_truth, sample_names, sample_path

FACTORS = (0.6, 0.8, 1.25, 1.6)
SETTINGS = SolverSettings(estimate_blur=False)
RESULT = Path(__file__).parent.parent / "results" / "unknown_blur.md"
ALLOWED = 0.2  # growth of AbsRel over that of the known blur scale
HEADS = (
    "scene",
    "true",
    "estimate",
    "CPU s",
    "AbsRel: known",
    *(f"told {factor:g} x" for factor in FACTORS),
    "estimated",
    "growth",
    f"<= {ALLOWED:.0%}",
)


@dataclass(frozen=True, eq=False)
class Subject:
    """A stack with its true optics and depth."""

    name: str
    images: NDArray
    optics: Optics
    depth: NDArray[np.float32]

    def error(self, optics: Optics) -> float:
        """AbsRel of the depth that is solved with some optics."""
        return depth_error(solve(self.images, optics, SETTINGS).depth, self.depth, self.optics)


def subjects(names: Sequence[str], cache: Path) -> Iterator[Subject]:
    for name in names:
        if name in SCENES:
            case = load_case(SCENES[name], cache)
            yield Subject(name, case.images, case.optics, case.depth)
        else:
            stack = read_focal_stack(sample_path(name))
            assert stack.optics is not None  # each sample has its optics beside it
            yield Subject(name, np.asarray(stack.images), stack.optics, load_truth(name)[0])


def row(subject: Subject) -> list[str]:
    """One line of the table."""
    true = subject.optics.blur_scale
    known = subject.error(subject.optics)
    wrong = [subject.error(subject.optics.replace(blur_scale=factor * true)) for factor in FACTORS]
    start = time.process_time()
    estimates = [
        estimate_blur(subject.images, subject.optics.replace(blur_scale=factor * true), SETTINGS)
        for factor in FACTORS
    ]
    seconds = (time.process_time() - start) / len(FACTORS)
    errors: dict[float, float] = {}
    for estimate in estimates:
        if estimate.blur_scale not in errors:
            errors[estimate.blur_scale] = subject.error(estimate.optics)
    worst = max(errors.values())
    return [
        subject.name,
        f"{true:.3g}",
        ", ".join(dict.fromkeys(_figures(estimate) for estimate in estimates)),
        f"{seconds:.1f}",
        f"{known:.4f}",
        *(f"{error:.4f}" for error in wrong),
        f"{worst:.4f}",
        f"{worst / known - 1:+.1%}",
        "yes" if worst <= (1 + ALLOWED) * known else "no",
    ]


def _figures(estimate: BlurEstimate) -> str:
    if not estimate.determined:
        return "not determined"
    return f"{estimate.blur_scale:.3f} ± {estimate.blur_scale_spread:.3f}"


def page(rows: Sequence[Sequence[str]]) -> str:
    told = ", ".join(f"{factor:g}" for factor in FACTORS)
    return f"""# Unknown blur scale

`python -m benchmarks.accuracy.unknown_blur`: tuning scenes and bundled samples. "estimate" is what
`estimate_blur` makes of the stack when it is told {told} times the true blur scale (one figure where all four
agree), with its standard error. The settings are the defaults, without an estimate of their own.

{table(HEADS, rows)}
"""


def main(argv: Sequence[str] | None = None) -> None:
    parser = parser_of("benchmarks.accuracy.unknown_blur", __doc__, [*TUNING_NAMES, *sample_names()])
    parser.add_argument("--output", type=Path, default=RESULT, metavar="FILE", help="%(default)s")
    arguments = parser.parse_args(argv)
    rows = []
    for subject in subjects(arguments.scenes, arguments.cache):
        rows.append(row(subject))
        print(f"| {' | '.join(rows[-1])} |", flush=True)
    arguments.output.write_text(page(rows), encoding="utf-8")
    print(f"\n{table(HEADS, rows)}")


if __name__ == "__main__":
    main()
