"""Settings that the presets of :class:`SolverSettings` share."""

from typing import Any

SIMULATION: dict[str, Any] = {
    "epochs": 40,
    "candidate_step": 1.0,
    "cost_window": 1,
    "golden_tolerance": 0.002,
    "fista_iterations": 8,
    "fista_growth": 1.07,
    "outlier_method": "none",
    "blur_kernel": "gaussian",
    "trusted_blur": None,
    "smoothness": 0.0,
    "image_prior": 0.0,
    "focus_prior": 0.0,
    "revise_start": False,
    "bilateral": 0.0,
    "occlusion": False,
    "least_gain": 0.0,
    "sharpness": "sobel",
    "mrf_smoothness": 0.2,
    "mrf_truncation": None,
}

PUBLISHED: dict[str, Any] = {
    "candidate_spacing": "depth",
    "aif_solver": "fista",
    "warm_start": False,
    "initialization": "mrf",
    "blur_kernel": "gaussian",
    "trusted_blur": None,
    "boundary": "zero",
    "blur_tolerance": 0.0005,
    "smoothness": 0.0,
    "image_prior": 0.0,
    "focus_prior": 0.0,
    "revise_start": False,
    "bilateral": 0.0,
    "occlusion": False,
    "least_gain": 0.0,
    "sharpness": "sobel",
    "mrf_smoothness": 0.2,
    "mrf_truncation": None,
    "outlier_method": "none",
    "outlier_fill": "mean",
    "outlier_radius": 5,
}
