"""Tables, files and the picture of a run."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.accuracy.measures import HALF, SHARES
from benchmarks.accuracy.summary import FIGURES

DEPTH = {
    "RMSE": ("rmse", ".4g"),
    "in DOF": ("rmse_dof", ".2f"),
    "AbsRel": ("abs_rel", ".4f"),
    "d<1.05": ("delta_1.05", ".3f"),
    "d<1.25": ("delta_1.25", ".3f"),
    "flagged": ("flagged", ".1%"),
    "AbsRel unflagged": ("abs_rel_unflagged", ".4f"),
    "CPU s": ("cpu_seconds", ".3g"),
    "choice": ("choice", ""),
}
TRUST = {
    "RMSE": ("rmse", ".4g"),
    "less 20 %": ("rmse_dropped", ".4g"),
    "AUSE": ("ause", ".3f"),
    "AbsRel": ("abs_rel", ".4f"),
    "AbsRel less 20 %": ("abs_rel_dropped", ".4f"),
    "AUSE of AbsRel": ("ause_abs_rel", ".3f"),
}
IMAGE = {
    "AIF dB": ("psnr", ".2f"),
    "edge": ("psnr_edge", ".2f"),
    "inner": ("psnr_inner", ".2f"),
    "SSIM": ("ssim", ".3f"),
    "choice": ("choice", ""),
}
PARTS = {
    "RMSE edge": ("rmse_edge", ".4g"),
    "RMSE inner": ("rmse_inner", ".4g"),
    "AbsRel edge": ("abs_rel_edge", ".4f"),
    "AbsRel inner": ("abs_rel_inner", ".4f"),
}
FACTS = {
    "set": ("subset", ""),
    "what is hard": ("shows", ""),
    "stack": ("stack", ""),
    "noise": ("noise", "g"),
    "rendering noise": ("render_noise", ".2f"),
    "breathing": ("breathing", ".1%"),
    "blur told": ("blur_error", "g"),
    "greatest radius px": ("greatest_radius", ".1f"),
    "edge pixels": ("edges", ".0%"),
    "depth": ("depth", ""),
}
NOTES = """\
Edge pixels lie within 4 px of a step in depth: a difference between neighbours of more than 3 % of the
scene's range of blur coordinate (1 / Z, or z). The true depth of a pixel is the median of 5 x 5 rays, so
one that straddles an edge has the depth of the side that fills most of it. RMSE is in the unit of depth;
for microscopes also in depths of field, and AbsRel and the shares d are of the depth above a point as far
below the lowest plane as the highest is above it. `published` is told the same optics as ours (a blur scale
near 0.5, where the paper has 1). `focus` is the classic measure at the window of least AbsRel, a choice
made with the truth; `mosaic` the better of its all-in-focus image at any window and the plain mosaic of
sharpest planes. The true image has neither noise nor diffraction. CPU seconds are of all threads. Noise is
the standard deviation in mid-grey, of 255; `blur told` the factor on the true blur scale that the solvers
are given. For photographs `ours` aligns the planes first, within its CPU seconds; no other row does. Flagged
pixels are those whose depth a method filled from its neighbours. `less 20 %` is without the 20 % least
confident pixels; AUSE the area between the curve of the error against the share dropped, 0 to 50 %, and that
of dropping the pixels of greatest error, as a share of the error of all."""

Columns = Mapping[str, tuple[str, str]]


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{package: version(package) for package in ("napari-defocus", "numpy", "numba", "scipy")},
    }


def processor() -> str:
    """Name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def tables(run: Mapping[str, Any]) -> str:
    """The run as a page of tables, to be read as text or as Markdown."""
    scenes = run["scenes"]
    lines = [(name, row, values) for name, scene in scenes.items() for row, values in scene["rows"].items()]
    depth = [line for line in lines if "rmse" in line[2]]
    sections = [
        ("Scenes", facts_table(scenes)),
        ("Depth", row_table(DEPTH, depth)),
        ("Depth at edges and elsewhere", row_table(PARTS, depth)),
        ("Confidence", row_table(TRUST, depth)),
        ("All-in-focus image", row_table(IMAGE, lines)),
        ("Ours against the others", summary_table(run["summary"])),
    ]
    facts = ", ".join(f"{name} {value}" for name, value in run["machine"].items())
    page = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections if text)
    return f"# Accuracy on rendered scenes\n\n{facts}\n\n{page}\n\n{NOTES}\n"


def facts_table(scenes: Mapping[str, Any]) -> str:
    rows = [
        [name, *(cell(scene["facts"], *column) for column in FACTS.values())]
        for name, scene in scenes.items()
    ]
    return table(["scene", *FACTS], rows)


def row_table(columns: Columns, lines: Sequence[tuple[str, str, Mapping[str, Any]]]) -> str:
    rows = [
        [name, row, *(cell(values, *column) for column in columns.values())] for name, row, values in lines
    ]
    return table(["scene", "row", *columns], rows) if rows else ""


def summary_table(summary: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    rows = [
        [subset, name, *(cell(values, figure, ".2f") for figure in FIGURES)]
        for subset, lines in summary.items()
        for name, values in lines.items()
    ]
    return table(["set", "scene", *FIGURES.values()], rows) if rows else ""


def cell(values: Mapping[str, Any], name: str, form: str) -> str:
    return format(values[name], form) if name in values else ""


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of even width between bars."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = [headings, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def write(run: Mapping[str, Any], folder: Path) -> None:
    """Write ``accuracy.json``, ``accuracy.md`` and, where matplotlib is installed, ``accuracy.png``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "accuracy.json").write_text(json.dumps(run, indent=1) + "\n")
    (folder / "accuracy.md").write_text(tables(run))
    try:
        plot_sparsification(run["scenes"], folder / "accuracy.png")
    except ImportError:
        print("(no picture: matplotlib is not installed)")


def plot_sparsification(scenes: Mapping[str, Any], path: Path) -> None:
    """Draw RMSE against the share of pixels dropped, relative to none, a scene a panel; below, AbsRel."""
    from matplotlib.figure import Figure

    columns = max(len(scenes), 1)
    figure = Figure(figsize=(2.6 * columns + 0.6, 5.4), layout="constrained")
    panels = figure.subplots(2, columns, sharex=True, sharey=True, squeeze=False)
    colours = {"published": "tab:red", "focus": "tab:orange", "ours": "tab:blue"}
    for line, curves in zip(panels, ("sparsification", "sparsification_abs_rel"), strict=True):
        for panel, (name, scene) in zip(line, scenes.items(), strict=True):
            for row, values in scene["rows"].items():
                if curves not in values:
                    continue
                for curve, style in ((curves, "-"), (curves + "_best", ":")):
                    relative = [error / (values[curves][0] or 1.0) for error in values[curve]]
                    label = row if style == "-" else None
                    panel.plot(SHARES[:HALF], relative[:HALF], style, color=colours.get(row), label=label)
            panel.axhline(0.5, color="0.8", zorder=0)
            panel.set(title=name, ylim=(0, 1.2))
    for line, what in zip(panels, ("RMSE", "AbsRel"), strict=True):
        line[0].set_ylabel(f"{what}, relative to all pixels")
    if panels[0, 0].get_legend_handles_labels()[0]:
        panels[0, 0].legend(fontsize="small")
    figure.supxlabel("share of least confident pixels dropped (dotted: of greatest error)")
    figure.savefig(path, dpi=100)
