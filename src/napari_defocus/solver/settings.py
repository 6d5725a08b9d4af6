"""Settings of the solver: one frozen dataclass, with presets."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, Self, get_args

import numpy as np

from napari_defocus.errors import InputError
from napari_defocus.optics.blur_basis import BlurKernel
from napari_defocus.solver.setting_checks import CheckedFields, as_pair
from napari_defocus.solver.setting_presets import PUBLISHED, SIMULATION

PAPER = "Jackson et al., arXiv 2602.18509"

CandidateSpacing = Literal["blur", "depth"]
AifSolver = Literal["cg", "fista"]
Initialization = Literal["mrf", "focus"]
Sharpness = Literal["focus", "sobel", "laplacian", "log"]
Boundary = Literal["reflect", "zero"]
OutlierMethod = Literal["none", "confidence", "variation", "constant", "both"]
OutlierFill = Literal["alike", "mean"]

CHOICES: dict[str, tuple[str, ...]] = {
    "candidate_spacing": get_args(CandidateSpacing),
    "aif_solver": get_args(AifSolver),
    "initialization": get_args(Initialization),
    "sharpness": get_args(Sharpness),
    "blur_kernel": get_args(BlurKernel),
    "boundary": get_args(Boundary),
    "outlier_method": get_args(OutlierMethod),
    "outlier_fill": get_args(OutlierFill),
}


_NOT_NEGATIVE = (
    "mrf_smoothness",
    "sharpness_sigma",
    "outlier_threshold",
    "smoothness",
    "image_prior",
    "focus_prior",
    "least_gain",
    "bilateral",
    "sharpening",
    "denoising",
    "weighted_median",
    "regression",
    "least_contrast",
)


def _setting(default: Any, text: str, *, unit: str = "", source: str = "") -> Any:
    return field(default=default, metadata={"help": text, "unit": unit, "source": source})


LEAST_EPOCHS = 2
"""Epochs before a run may stop because they gain too little."""


@dataclass(frozen=True, kw_only=True)
class SolverSettings(CheckedFields):
    """Settings of :func:`solve`; every field carries its help, unit and source in its metadata.

    ``SolverSettings()`` is our best for real photographs. The presets :meth:`simulation`, :meth:`nyuv2`,
    :meth:`make3d` and :meth:`mobiledepth` take the same fields as overrides.

    Parameters
    ----------
    epochs : int
        Rounds of depth step and AIF step, at most.
    least_gain : float
        The run ends after an epoch that lowers the loss by less than this share; 0 runs all epochs, as in the
        paper.
    depth_range : (float, float), optional
        Nearest and farthest depth to search, in the unit of the optics. None: the focus distances
        with a margin.
    candidates : int, optional
        Depths tried for each pixel by the grid search. None: as many as make steps of `candidate_step`.
    candidate_step : float
        Greatest change of blur from one candidate to the next when `candidates` is None, px.
    candidate_spacing : {"blur", "depth"}
        Candidates uniform in blur (1 / Z for a thin lens, z for a microscope), or in depth as in the paper.
    cost_window : int
        Side of the square window over which the cost of a candidate is averaged, px; 1 is none.
    golden_tolerance : float
        Width at which the golden-section search stops, as a share of the step between candidates.
    aif_solver : {"cg", "fista"}
        Method of the AIF step: conjugate gradients on the box, or FISTA as in the paper.
    fista_iterations : int
        Iterations of the first AIF step, by either method (T_0 of the paper).
    fista_growth : float
        Factor on the number of iterations from one epoch to the next (alpha of the paper).
    warm_start : bool
        Start each AIF step from the current AIF with adaptive restart (O'Donoghue & Candes 2015); if not,
        from black as in the paper.
    initialization : {"mrf", "focus"}
        First depth from graph-cut labels, or from the classic focus measure.
    mrf_smoothness : float
        Weight lambda of the label differences between neighbours, in units of the sharpness cost.
    mrf_truncation : float, optional
        Label difference beyond which neighbours cost no more. None: none, as in the paper.
    sharpness : {"focus", "sobel", "laplacian", "log"}
        Data cost of the graph cut: the focus measure relative to its peak and to the noise, with less
        smoothness across edges of the image; or as in the paper, from Sobel gradients or a Laplacian.
    sharpness_sigma : float
        Standard deviation of the Gaussian that averages the sharpness, px; not for "focus".
    focus_prior : float
        Weight that draws the depth to the peak of the focus measure, in units of what that peak is known
        with; 0 is none, as in the paper.
    blur_kernel : {"disc", "gaussian"}
        Shape of the blur: the disc of a uniformly lit round aperture, or a Gaussian as in the paper; both
        with the standard deviation that the optics give.
    estimate_blur : bool
        Estimate the blur scale of the optics (or the blur per plane) from the stack before the first epoch.
    trusted_blur : float, optional
        Standard deviation of the blur at which a plane counts half as much for a pixel as when it is sharp,
        px; more where a sharp plane is itself blurred by more (diffraction of a microscope). None: all
        planes count alike, as in the paper.
    kernel_size : int or "proportional", optional
        Side of the window to which blur kernels are cut, odd, px; "proportional" is 3.9 % of the mean image
        side, at least 7, as in the paper. None: full support.
    boundary : {"reflect", "zero"}
        What the blur sees beyond the frame: the image mirrored, or black as in the paper.
    blur_tolerance : float
        Greatest error of the blurs that are interpolated, as a share of the image's amplitude at the
        worst frequency.
    smoothness : float
        Weight of the total variation of the depth, in px of blur, in units of the noise in one pixel's
        cost; less across edges of the image. 0 is none, as in the paper.
    image_prior : float
        Weight that draws the all-in-focus image to the mosaic of sharpest planes, as a share of the weight of
        all planes, times the share that noise has in what the mosaic differs by from a sharp image. 0 is
        none, as in the paper.
    revise_start : bool
        Before the first epoch, take the depth of the blur model alone where it explains the planes far
        better than the peaks of the focus measure do (plain patches between sparse texture). Only with
        `focus_prior`.
    bilateral : float
        After the last epoch, differences of the depth between near pixels up to about this much blur are
        evened out by a bilateral filter, px; 0 is none, as in the paper.
    sharpening : float
        Then the image is solved for once more with this instead of `trusted_blur`, px: planes of more blur
        help to tell the depth, but bring the model's errors into the image. 0 is none, as in the paper.
    occlusion : bool
        Then put the edges of the depth where the rays through the aperture say, and solve for the
        image around them. Not done where it is not known which end of the stack is near.
    denoising : float
        Then noise is taken out of the all-in-focus image by non-local means: patches that differ by up to
        about this much look alike, in units of the noise; 0 is none, as in the paper.
    weighted_median : float
        Before depth edges are searched for and at the very end, a pixel near an edge of the depth takes the
        depth that most of the pixels around it have that look alike: differences of the all-in-focus image
        up to about this much do, in units of white. 0 is none, as in the paper.
    regression : float
        Then a plane is fitted around each pixel to the depths that are within about this much blur of it, px,
        in a wider window where the peaks of the focus measure are noisy; 0 is none, as in the paper.
    noise : float, optional
        Root mean square of what the blur model cannot explain (noise, occlusion, a lens that is not
        ideal), in units of white; it scales `smoothness` and `focus_prior`. None: the residual, at the start
        and, once it is less, after each epoch.
    white : float, optional
        Intensity that counts as 1. None: the type's maximum for uint8 and uint16, else the data's maximum.
    least_contrast : float
        A stack of less contrast (but for the brightest and the darkest thousandth of its values) is brought
        to this share of white while it is solved, as 12 bits in a 16-bit file, dim fluorescence or a short
        exposure; the image of the result is as the stack. 0 is no such thing, as in the paper.
    outlier_method : {"none", "confidence", "variation", "constant", "both"}
        Flag pixels of low confidence; or, as in the paper, where the depth varies wildly, where the AIF is
        flat, or both; or none.
    outlier_confidence : float
        Confidence below which a pixel is flagged by "confidence", 0 to 1.
    outlier_threshold : float
        Local total variation of the depth above which a pixel is flagged by "variation", per pixel: when
        `outlier_relative` as a share of the depth range, both in blur coordinates, else in the unit of depth.
    outlier_relative : bool
        Whether that threshold is relative to the depth range.
    outlier_fill : {"alike", "mean"}
        Replace a flagged pixel by the mean of valid neighbours weighted by how alike the AIF is, which keeps
        edges, or by their plain mean, as in the paper.
    outlier_radius : int
        Radius within which valid neighbours are averaged to replace a flagged pixel, px.
    threads : int, optional
        Threads to compute with. None: all cores.

    Raises
    ------
    InputError
        If a setting is out of bounds; the message names it.
    """

    epochs: int = _setting(6, "Most rounds of depth step and all-in-focus step.", source=PAPER)
    least_gain: float = _setting(
        0.03, "End after a round that lowers the loss by less than this share; 0 never, as in the paper."
    )
    depth_range: tuple[float, float] | None = _setting(
        None, "Nearest and farthest depth to search; empty: the focus distances with a margin.", unit="depth"
    )
    candidates: int | None = _setting(
        None, "Depths tried for each pixel; empty: set from the blur step.", source=PAPER
    )
    candidate_step: float = _setting(0.25, "Greatest change of blur between candidates.", unit="px")
    candidate_spacing: CandidateSpacing = _setting(
        "blur", "Candidates uniform in blur, or in depth as in the paper."
    )
    cost_window: int = _setting(
        5, "Side of the window over which a candidate's cost is averaged; 1 is none.", unit="px", source=PAPER
    )
    golden_tolerance: float = _setting(
        0.02, "Where the golden-section search stops, as a share of the candidates' step."
    )
    aif_solver: AifSolver = _setting(
        "cg",
        "Method of the all-in-focus step: conjugate gradients, or FISTA as in the paper.",
        source="Hestenes & Stiefel 1952; Beck & Teboulle 2009",
    )
    fista_iterations: int = _setting(
        6, "Iterations of the all-in-focus step in the first epoch (T_0).", source=PAPER
    )
    fista_growth: float = _setting(
        1.0, "Factor on these iterations from epoch to epoch (alpha).", source=PAPER
    )
    warm_start: bool = _setting(
        True,
        "Start each all-in-focus step from the current image; if not, from black.",
        source="O'Donoghue & Candes 2015",
    )
    initialization: Initialization = _setting(
        "mrf", "First depth from graph-cut labels, or from the classic focus measure.", source=PAPER
    )
    mrf_smoothness: float = _setting(
        0.7, "Weight of label differences between neighbours in the graph cut.", source=PAPER
    )
    mrf_truncation: float | None = _setting(
        1.2, "Label difference beyond which neighbours cost no more; empty: none, as in the paper."
    )
    sharpness: Sharpness = _setting(
        "focus", "Sharpness measure of the graph cut; sobel as in the paper.", source=PAPER
    )
    sharpness_sigma: float = _setting(2.0, "Gaussian that averages the sharpness.", unit="px", source=PAPER)
    focus_prior: float = _setting(
        0.3, "Weight of the focus measure's peak in the depth; 0 is none, as in the paper."
    )
    blur_kernel: BlurKernel = _setting(
        "disc", "Shape of the blur: the disc of a round aperture, or a Gaussian as in the paper."
    )
    estimate_blur: bool = _setting(
        True, "Estimate the blur scale from the stack; what is given stays where the stack does not tell it."
    )
    trusted_blur: float | None = _setting(
        2.5, "Blur at which a plane counts half as much as when sharp; empty: all count alike.", unit="px"
    )
    kernel_size: int | Literal["proportional"] | None = _setting(
        None, "Window to which blur kernels are cut; empty: full support.", unit="px", source=PAPER
    )
    boundary: Boundary = _setting("reflect", "What the blur sees beyond the frame: mirrored, or black.")
    blur_tolerance: float = _setting(
        0.003, "Greatest error of an interpolated blur at any spatial frequency."
    )
    smoothness: float = _setting(
        0.0, "Cost of a depth that is not smooth, in units of the noise; 0 is none, as in the paper."
    )
    image_prior: float = _setting(
        0.3, "Weight of the sharpest planes in the all-in-focus image, against noise; 0 is none."
    )
    revise_start: bool = _setting(
        True, "Start from the blur model alone where it explains the planes far better than sharpness does."
    )
    bilateral: float = _setting(
        0.12, "Differences of depth, as blur, that are evened out at the end; 0 is none.", unit="px"
    )
    sharpening: float = _setting(
        0.7,
        "Blur at which a plane counts half as much when the image is solved for at the end; 0: it is not.",
        unit="px",
    )
    occlusion: bool = _setting(
        True, "Put depth edges right with a model of occlusion, after the last epoch; needs known optics."
    )
    denoising: float = _setting(
        0.6,
        "Noise taken out of the all-in-focus image at the end, in units of the noise; 0 is none.",
        unit="noise",
        source="Buades et al. 2005",
    )
    weighted_median: float = _setting(
        0.035,
        "Near depth edges, take the depth of pixels that look alike up to this difference; 0 is none.",
        unit="white",
    )
    regression: float = _setting(
        0.12,
        "Distance from a plane fitted around each pixel, as blur, that is noise of the depth; 0 is none.",
        unit="px",
        source="Cleveland 1979",
    )
    noise: float | None = _setting(
        None, "What the blur model cannot explain; empty: the residual of each epoch.", unit="white"
    )
    white: float | None = _setting(
        None, "Intensity that counts as 1; empty: the type's or the data's maximum.", unit="intensity"
    )
    least_contrast: float = _setting(
        0.3, "Contrast that a fainter stack is brought to inside the solver; 0: as it is.", unit="white"
    )
    outlier_method: OutlierMethod = _setting(
        "confidence",
        "Flag low confidence; or wildly varying depth, flat image, or both, as in the paper; or none.",
        source=PAPER,
    )
    outlier_confidence: float = _setting(0.15, "Confidence below which a pixel is flagged.")
    outlier_threshold: float = _setting(
        0.15,
        "Local total variation of the depth above which a pixel is flagged, per pixel.",
        unit="depth range or depth",
        source=PAPER,
    )
    outlier_relative: bool = _setting(
        True, "Threshold as a share of the depth range; if not, in depth units."
    )
    outlier_fill: OutlierFill = _setting(
        "alike",
        "Fill from neighbours where the image is alike, or from all of them as in the paper.",
        source=PAPER,
    )
    outlier_radius: int = _setting(
        10, "Radius within which flagged pixels are filled from valid ones.", unit="px"
    )
    threads: int | None = _setting(None, "Threads to compute with; empty: all cores.")

    def __post_init__(self) -> None:
        self._check_whole("epochs", 1)
        self._check_whole("candidates", 3, 4096, optional=True)
        self._check_whole("cost_window", 1, 201)
        self._check_whole("fista_iterations", 1)
        self._check_whole("outlier_radius", 1, 500)
        self._check_whole("threads", 1, optional=True)
        for name in ("candidate_step", "golden_tolerance", "blur_tolerance", "fista_growth"):
            self._check_number(name, lambda value: value > 0, "above 0")
        for name in _NOT_NEGATIVE:
            self._check_number(name, lambda value: value >= 0, "of at least 0")
        self._check_number("outlier_confidence", lambda value: 0 <= value <= 1, "from 0 to 1")
        for name in ("white", "noise", "trusted_blur"):
            if getattr(self, name) is not None:
                self._check_number(name, lambda value: value > 0, "above 0")
        if self.mrf_truncation is not None:
            self._check_number("mrf_truncation", lambda value: value >= 1, "of at least 1")
        for name in ("warm_start", "outlier_relative", "estimate_blur", "revise_start", "occlusion"):
            if not isinstance(getattr(self, name), bool | np.bool_):
                raise InputError(f"{name} must be true or false, but is {getattr(self, name)!r}.")
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(
                    f"{name} must be one of {', '.join(choices)}, but is {getattr(self, name)!r}."
                )
        if self.kernel_size not in (None, "proportional"):
            self._check_whole("kernel_size", 1)
            if int(self.kernel_size) % 2 == 0:
                raise InputError(f"kernel_size must be odd, but is {self.kernel_size}.")
        if self.depth_range is not None:
            object.__setattr__(self, "depth_range", as_pair(self.depth_range))

    @classmethod
    def simulation(cls, **overrides: Any) -> Self:
        """Return our fastest settings for stacks that obey the model exactly: no window, warm start."""
        return cls(**SIMULATION | overrides)

    @classmethod
    def nyuv2(cls, **overrides: Any) -> Self:
        """Return the published settings for NYUv2 at 320 x 240 (SPEC of the paper, table of settings)."""
        return cls(
            **PUBLISHED
            | {"epochs": 40, "depth_range": (0.1, 10.0), "candidates": 100, "kernel_size": 11}
            | {"fista_iterations": 200, "fista_growth": 1.05, "cost_window": 1}
            | overrides
        )

    @classmethod
    def make3d(cls, **overrides: Any) -> Self:
        """Return the published settings for Make3D at 345 x 460."""
        return cls(
            **PUBLISHED
            | {"epochs": 5, "depth_range": (0.01, 80.0), "candidates": 100, "kernel_size": 15}
            | {"fista_iterations": 10, "fista_growth": 2.0, "cost_window": 5}
            | overrides
        )

    @classmethod
    def mobiledepth(cls, **overrides: Any) -> Self:
        """Return the published settings for MobileDepth at half size."""
        return cls(
            **PUBLISHED
            | {"epochs": 5, "depth_range": (1.0, 800.0), "candidates": 200, "kernel_size": "proportional"}
            | {"fista_iterations": 10, "fista_growth": 2.0, "cost_window": 50}
            | overrides
        )

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some settings changed (checked again)."""
        return replace(self, **changes)

    def settled(self, losses: Sequence[float]) -> bool:
        """Whether the last of the epochs (two losses each, after that of the start) has gained too little."""
        if len(losses) <= 2 * LEAST_EPOCHS:
            return False
        before, last = losses[-3], losses[-1]
        return before - last < self.least_gain * before

    def image_iterations(self, epoch: int) -> int:
        """Return the iterations of the AIF step in an epoch, from 1."""
        return round(self.fista_iterations * self.fista_growth ** (epoch - 1))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values, for JSON."""
        values = asdict(self)
        if self.depth_range is not None:
            values["depth_range"] = list(self.depth_range)
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make settings from what :meth:`to_dict` returned; missing ones take their default.

        Raises
        ------
        InputError
            If a name is unknown or a value out of bounds.
        """
        known = [item.name for item in fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise InputError(f"Unknown solver setting {unknown[0]!r}; known are {', '.join(known)}.")
        return cls(**values)
