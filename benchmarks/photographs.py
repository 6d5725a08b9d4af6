"""Real stacks without truth: time and memory of a whole run with default settings."""

from benchmarks.harness import NO_DATA, Row, Run, run_fresh

NAME = "photographs"
STACKS = {"keyboard": "32 photographs of 1280 x 720", "pcb": "7 photographs of 2048 x 1536"}


def measure(run: Run) -> list[Row]:
    rows = []
    for name, text in STACKS.items():
        target = f"solve {text}, 3 epochs, uncalibrated"
        folder = run.folder(name)
        if folder is None:
            rows.append(Row(part=NAME, target=target, unit="wall s", measured=False, note=NO_DATA))
            continue
        found = run.details.setdefault(NAME, {})[name] = run_fresh("benchmarks.solve_once", folder)
        rows.append(
            Row(
                part=NAME,
                target=target,
                unit="wall s",
                ours=found["wall"],
                note=f"{found['cpu']:.0f} CPU s, peak {found['peak_bytes'] / 2**30:.2f} GiB",
            )
        )
    return rows
