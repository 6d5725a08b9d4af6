"""One start: the photographic sample solved in a fresh process, or the package only imported. Prints JSON.

    python -m benchmarks.start_once [--import] [--began TIME]

Seconds count from `TIME`, at which this process was started (``time.time()``).
"""

import argparse
import json
import time


def imported() -> dict[str, float]:
    start = time.perf_counter()
    import napari_defocus  # noqa: F401

    return {"import": time.perf_counter() - start}


def solved(began: float) -> dict[str, float]:
    from napari_defocus import alternating_minimization, read_focal_stack
    from napari_defocus.io.samples import sample_path

    seconds: dict[str, float] = {}

    def note(name: str) -> None:
        seconds.setdefault(name, time.time() - began)

    def progress(fraction: float, message: str) -> None:
        if message.startswith("epoch 1 "):
            note("first_iteration")

    stack = read_focal_stack(sample_path("photograph"))
    for state in alternating_minimization(stack.images, stack.optics, progress=progress):
        if state.step == "depth":
            note("first_depth")
    note("result")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--import", action="store_true", dest="only_import")
    parser.add_argument("--began", type=float, default=time.time())
    arguments = parser.parse_args()
    print(json.dumps(imported() if arguments.only_import else solved(arguments.began)))


if __name__ == "__main__":
    main()
