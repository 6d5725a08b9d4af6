"""The reference of the solver's settings, made from their dataclass and its docstring."""

import re
from dataclasses import Field, fields
from typing import Any

from griffe import Docstring, DocstringSectionKind

from napari_defocus.solver.settings import CHOICES, SolverSettings

GROUPS = {
    "The run": ("epochs", "least_gain", "threads"),
    "What is searched": ("depth_range", "candidates", "candidate_step", "candidate_spacing"),
    "Depth step": ("cost_window", "golden_tolerance", "focus_prior", "smoothness", "noise"),
    "Image step": ("aif_solver", "fista_iterations", "fista_growth", "warm_start", "image_prior"),
    "Start": (
        *("initialization", "mrf_smoothness", "mrf_truncation", "sharpness", "sharpness_sigma"),
        "revise_start",
    ),
    "Blur model": (
        "blur_kernel",
        "estimate_blur",
        "trusted_blur",
        "kernel_size",
        "boundary",
        "blur_tolerance",
    ),
    "The end": ("bilateral", "sharpening", "occlusion", "denoising", "weighted_median", "regression"),
    "Intensities": ("white", "least_contrast"),
    "Outliers": (
        *("outlier_method", "outlier_confidence", "outlier_threshold", "outlier_relative"),
        *("outlier_fill", "outlier_radius"),
    ),
}
"""Headings, and the settings below them; those that are in none come last."""

PRESETS = ("simulation", "nyuv2", "make3d", "mobiledepth")


def settings_reference() -> str:
    """Return a table of each group of settings in Markdown."""
    by_name = {item.name: item for item in fields(SolverSettings)}
    grouped = {name for names in GROUPS.values() for name in names}
    groups = GROUPS | {"Further settings": tuple(name for name in by_name if name not in grouped)}
    texts = _docstring_texts()
    parts = []
    for title, names in groups.items():
        if names:
            rows = [_row(by_name[name], *texts[name]) for name in names]
            parts += [
                f"## {title}",
                "\n".join(["| setting | default | unit | meaning |", "|---|---|---|---|", *rows]),
            ]
    return "\n\n".join(parts)


def presets_reference() -> str:
    """Return a table of what the presets change, in Markdown."""
    default = SolverSettings().to_dict()
    presets = [getattr(SolverSettings, name)().to_dict() for name in PRESETS]
    rows = [
        f"| [`{name}`](#{name}) | {_value(value)} | "
        + " | ".join("" if preset[name] == value else _value(preset[name]) for preset in presets)
        + " |"
        for name, value in default.items()
        if any(preset[name] != value for preset in presets)
    ]
    heads = "".join(f" `{name}` |" for name in PRESETS)
    return "\n".join([f"| setting | default |{heads}", "|---|---|" + "---|" * len(PRESETS), *rows])


def _row(item: "Field[Any]", choices: str, text: str) -> str:
    source = f" Source: {item.metadata['source']}." if item.metadata["source"] else ""
    one_of = f" One of {choices}." if choices else ""
    anchor = f'<span id="{item.name}">`{item.name}`</span>'
    return (
        f"| {anchor} | {_value(item.default)} | {item.metadata['unit']} | {_cell(text + one_of + source)} |"
    )


def _docstring_texts() -> dict[str, tuple[str, str]]:
    """What each setting is to be chosen from (where it is), and its meaning, as the docstring has them."""
    sections = Docstring(SolverSettings.__doc__ or "").parse("numpy")
    (section,) = [item for item in sections if item.kind is DocstringSectionKind.parameters]
    return {item.name: (_choices(item.name), re.sub(r"\s+", " ", item.description)) for item in section.value}


def _choices(name: str) -> str:
    return ", ".join(f"`{choice}`" for choice in CHOICES.get(name, ()))


def _value(value: Any) -> str:
    return "none" if value is None else f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
