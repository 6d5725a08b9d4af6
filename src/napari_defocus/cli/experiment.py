"""One scene of a data set: loaded, solved, measured, saved; and whether that was done before."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_defocus.errors import InputError

if TYPE_CHECKING:
    from napari_defocus.datasets import DatasetScene
    from napari_defocus.solver import DefocusResult, Progress, SolverSettings, SolverState

PRESETS = ("published", "default", "simulation")

ShowState = Callable[["SolverState"], object]


@dataclass(frozen=True)
class Experiment:
    """What is done to each scene of a data set; plain values, so that other processes can be told.

    Attributes
    ----------
    dataset : str
        "nyuv2", "make3d" or "mobiledepth".
    data_dir : str
        Folder that holds all data sets.
    preset : {"published", "default", "simulation"}
        Settings to start from.
    overrides : dict
        Settings over them.
    save_plots : bool
        Whether to draw plots, those of each half-step too.
    """

    dataset: str
    data_dir: str
    preset: str
    overrides: dict[str, Any]
    save_plots: bool

    def settings(self, scene_settings: dict[str, Any] | None = None) -> "SolverSettings":
        """Return the settings for a scene that asks for some of its own.

        Raises
        ------
        InputError
            If an override is unknown or out of bounds.
        """
        from napari_defocus.solver import SolverSettings

        makers = {"published": getattr(SolverSettings, self.dataset), "simulation": SolverSettings.simulation}
        settings: SolverSettings = makers.get(self.preset, SolverSettings)(**(scene_settings or {}))
        return SolverSettings.from_dict(settings.to_dict() | self.overrides)

    def record(self, key: tuple[str, ...]) -> dict[str, Any]:
        """Return what tells one run from another, as ``parameters.json`` keeps it."""
        overrides = {name: value for name, value in self.overrides.items() if name != "threads"}
        return {"dataset": self.dataset, "scene": list(key), "preset": self.preset, "overrides": overrides}


def run_scene(
    experiment: Experiment,
    key: tuple[str, ...],
    directory: Path,
    *,
    progress: "Progress | None" = None,
    show: ShowState | None = None,
) -> "DefocusResult":
    """Load, solve, measure and save one scene; an older result in `directory` is replaced.

    Raises
    ------
    InputError
        If files are missing or damaged, settings out of bounds, or the result cannot be written.
    """
    from contextlib import nullcontext

    from napari_defocus.datasets import load_scene
    from napari_defocus.io import save_result
    from napari_defocus.io.half_steps import HalfStepPlots

    scene = load_scene(experiment.dataset, experiment.data_dir, key)
    settings = experiment.settings(scene.settings)
    with HalfStepPlots() if experiment.save_plots else nullcontext() as plots:

        def each(state: "SolverState") -> None:
            if show is not None:
                show(state)
            if plots is not None:
                plots.add(state)

        padded = scene.pads_edges and experiment.preset == "published"
        result = solve_scene(scene, settings, settings.cost_window // 2 if padded else 0, progress, each)
        save_result(
            result,
            directory,
            images_dtype=scene.images_dtype,
            overwrite=True,
            extra_parameters={
                "experiment": experiment.record(key),
                "files": list(scene.files),
                "treatment": scene.treatment,
            },
            save_plots=experiment.save_plots,
            truth=scene.truth,
            metrics=further_metrics(result, scene),
            write_more=None if plots is None else plots.move_to,
        )
    return result


def solve_scene(
    scene: "DatasetScene",
    settings: "SolverSettings",
    margin: int,
    progress: "Progress | None",
    each: ShowState,
) -> "DefocusResult":
    """Solve a scene, its stack padded by a margin (px) that is cut off what comes out."""
    from napari_defocus.solver import alternating_minimization, finish

    stack = np.pad(scene.stack, [(0, 0), (margin, margin), (margin, margin), (0, 0)], mode="edge")
    inside = tuple(slice(margin, margin + length) for length in scene.stack.shape[1:3])
    for state in alternating_minimization(stack, scene.optics, settings, progress=progress):
        each(replace(state, depth=state.depth[inside], all_in_focus=state.all_in_focus[inside]))
    result = finish(state)
    cut = ("depth", "all_in_focus", "outliers", "confidence")
    return replace(result, **{name: getattr(result, name)[inside] for name in cut})


def further_metrics(result: "DefocusResult", scene: "DatasetScene") -> dict[str, float]:
    """Return the measures beside those of the depth: C1 errors, and how true the all-in-focus image is."""
    from napari_defocus.metrics import c1_metrics, psnr, ssim

    measured: dict[str, float] = {}
    if scene.truth is not None and scene.truth_limit is not None:
        measured |= c1_metrics(result.depth, scene.truth, limit=scene.truth_limit)
    if scene.all_in_focus is not None:
        measured["psnr"] = psnr(result.all_in_focus, scene.all_in_focus)
        measured["ssim"] = ssim(result.all_in_focus, scene.all_in_focus)
    return measured


def is_done(experiment: Experiment, key: tuple[str, ...], directory: Path) -> bool:
    """Whether the directory holds the complete result of this scene, made with these settings.

    Raises
    ------
    InputError
        If it holds a result that was made otherwise.
    """
    from napari_defocus.io.parameters import read_record, to_json

    parameters = read_record(directory)
    if parameters is None:
        return False
    if parameters.get("experiment") != json.loads(to_json(experiment.record(key))):
        raise InputError(
            f"{directory} holds a result that was made with another scene, preset or settings; name another "
            "folder with -o, or replace the result with --overwrite."
        )
    return True
