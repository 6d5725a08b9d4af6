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
class Term:
    """What one kind of evidence is worth.

    Attributes
    ----------
    weight : float
        Change of the log odds for one unit of evidence.
    low, high : float
        Evidence beyond these, which the fit hardly saw, counts like them.
    """

    weight: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """A logistic model of few coefficients.

    Attributes
    ----------
    intercept : float
        Log odds where all evidence is 0.
    terms : mapping of str to Term
        By the name of the evidence.
    """

    intercept: float
    terms: Mapping[str, Term]

    def probability(self, evidence: Iterable[tuple[str, Floats]]) -> Floats:
        """Probability that the depth is right, 0 to 1, from every kind of evidence, each (Y, X)."""
        odds: Any = np.float32(self.intercept)
        for name, values in evidence:
            term = self.terms[name]
            odds = odds + np.float32(term.weight) * np.clip(
                values, np.float32(term.low), np.float32(term.high)
            )
        return np.asarray(1 / (1 + np.exp(-odds)), np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "intercept": self.intercept,
            "terms": {name: asdict(term) for name, term in self.terms.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make it from what :meth:`to_dict` returned; other keys are notes on how it was fitted."""
        return cls(values["intercept"], {name: Term(**term) for name, term in values["terms"].items()})

    @classmethod
    @cache
    def of(cls, method: str) -> "Calibration":
        """What was fitted for a method, "defocus" or "focus"."""
        text = (files(__package__) / TABLE).read_text(encoding="utf-8")
        return cls.from_dict(json.loads(text)[method])
