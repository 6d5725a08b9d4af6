"""Tables, files and the picture of a run."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.accuracy.measures import SHARES
from benchmarks.accuracy.summary import FIGURES

DEPTH = {
    "RMSE": ("rmse", ".4g"),
    "in DOF": ("rmse_dof", ".2f"),
    "AbsRel": ("abs_rel", ".4f"),
    "d<1.05": ("delta_1.05", ".3f"),
    "d<1.25": ("delta_1.25", ".3f"),
    "flagged": ("flagged", ".1%"),
    "AbsRel unflagged": ("abs_rel_unflagged", ".4f"),
    "RMSE less 20 %": ("rmse_dropped", ".4g"),
    "CPU s": ("cpu_seconds", ".3g"),
    "choice": ("choice", ""),
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
pixels are those whose depth a method filled from its neighbours."""

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
    """Draw each row's error against the share of pixels dropped, relative to none, a scene a panel."""
    from matplotlib.figure import Figure

    columns = min(4, len(scenes))
    lines = -(-len(scenes) // columns)
    figure = Figure(figsize=(3.6 * columns, 3.0 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for panel in panels[len(scenes) :]:
        panel.remove()
    colours = {"published": "tab:red", "focus": "tab:orange", "ours": "tab:blue"}
    for panel, (name, scene) in zip(panels, scenes.items(), strict=False):
        for row, values in scene["rows"].items():
            if "sparsification" not in values:
                continue
            colour = colours.get(row)
            for curve, style in (("sparsification", "-"), ("sparsification_best", ":")):
                relative = [error / values["rmse"] for error in values[curve]]
                label = row if style == "-" else None
                panel.plot(SHARES, relative, style, color=colour, label=label)
        panel.axhline(0.5, color="0.8", zorder=0)
        panel.set(title=name, ylim=(0, 1.2))
    if panels[0].get_legend_handles_labels()[0]:
        panels[0].legend(fontsize="small")
    figure.supxlabel("share of least confident pixels dropped (dotted: of greatest error)")
    figure.supylabel("RMSE, relative to all pixels")
    figure.savefig(path, dpi=100)
