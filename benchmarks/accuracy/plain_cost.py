"""CPU seconds of the defaults over those of the plain solver, on the tuning scenes.

    python -m benchmarks.accuracy.plain_cost [--scenes NAME ...] [--cache FOLDER]

Plain is the same solver without what was added for real photographs. Photographs are aligned before either
clock starts. With an empty compile cache run it twice: the warm-up on a corner may not reach all kernels.
"""

from collections.abc import Sequence

from benchmarks.accuracy.arguments import parser_of
from benchmarks.accuracy.rendering import Case, aligned, load_case
from benchmarks.accuracy.rows import timed
from benchmarks.accuracy.scenes import SCENES, TUNING_NAMES
from napari_defocus import SolverSettings, solve

PLAIN = SolverSettings(
    estimate_blur=False,
    revise_start=False,
    bilateral=0.0,
    sharpening=0.0,
    occlusion=False,
    denoising=0.0,
    weighted_median=0.0,
    regression=0.0,
    outlier_method="none",
)


def seconds_of(case: Case, settings: SolverSettings) -> float:
    """CPU seconds of a run."""
    return timed(lambda images: solve(images, case.told, settings), case)[1]


def main(argv: Sequence[str] | None = None) -> None:
    arguments = parser_of("benchmarks.accuracy.plain_cost", __doc__, SCENES, TUNING_NAMES).parse_args(argv)
    total = plain_total = 0.0
    for name in arguments.scenes:
        case = aligned(load_case(SCENES[name], arguments.cache))
        ours, plain = (seconds_of(case, settings) for settings in (SolverSettings(), PLAIN))
        total, plain_total = total + ours, plain_total + plain
        print(f"{name}: {ours:.2f} s, plain {plain:.2f} s", flush=True)
    print(f"all: {total:.1f} s over {plain_total:.1f} s: {total / plain_total:.2f}")


if __name__ == "__main__":
    main()
