"""From evidence about a pixel to the probability that its depth is right."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

TABLE = "calibration.json"
"""File beside this module with what was fitted; ``python -m benchmarks.accuracy.calibrate`` writes it."""


@dataclass(frozen=True)
class Calibration:
    """A logistic model of few coefficients.

    Attributes
    ----------
    intercept : float
        Log odds where all evidence is 0.
    weights : mapping of str to float
        Change of the log odds for one unit of evidence, by its name.
    """

    intercept: float
    weights: Mapping[str, float]

    def probability(self, evidence: Iterable[tuple[str, Floats]]) -> Floats:
        """Probability that the depth is right, 0 to 1, from every kind of evidence, each (Y, X)."""
        odds: Any = np.float32(self.intercept)
        for name, values in evidence:
            odds = odds + np.float32(self.weights[name]) * values
        return np.asarray(1 / (1 + np.exp(-odds)), np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make it from what :meth:`to_dict` returned; other keys are notes on how it was fitted."""
        return cls(values["intercept"], values["weights"])

    @classmethod
    @cache
    def of(cls, method: str) -> "Calibration":
        """What was fitted for a method, "defocus" or "focus"."""
        text = (files(__package__) / TABLE).read_text(encoding="utf-8")
        return cls.from_dict(json.loads(text)[method])
