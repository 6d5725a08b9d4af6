"""From radiance to the numbers of a camera: noise, saturation, quantisation."""

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from napari_defocus.errors import InputError


@dataclass(frozen=True)
class Sensor:
    """A linear sensor; radiance 1 is its white.

    Parameters
    ----------
    bits : {8, 16}
        Bits of the files' numbers.
    read_noise : float
        Standard deviation of the signal-independent noise, in units of white.
    full_well : float
        Electrons at white; the photon noise of radiance x has a standard deviation of sqrt(x / full_well).
        Infinite: none.
    adc_bits : int, optional
        Bits of the converter if fewer than `bits`; its numbers are scaled to the range of `bits`.
    """

    bits: int = 8
    read_noise: float = 0.0
    full_well: float = inf
    adc_bits: int | None = None

    def __post_init__(self) -> None:
        if self.bits not in (8, 16):
            raise InputError(f"bits must be 8 or 16, but is {self.bits!r}.")
        if not (np.isfinite(self.read_noise) and self.read_noise >= 0):
            raise InputError(f"read_noise must be at least 0, but is {self.read_noise!r}.")
        if not self.full_well > 0:
            raise InputError(f"full_well must be above 0, but is {self.full_well!r}.")
        if self.adc_bits is not None and not 1 <= self.adc_bits <= self.bits:
            raise InputError(f"adc_bits must lie in 1 to {self.bits}, but is {self.adc_bits!r}.")

    def expose(
        self, radiance: NDArray[np.float32], *, seed: int = 0
    ) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """Return the image of a radiance (any shape) as uint8 or uint16."""
        rng = np.random.default_rng(seed)
        signal = np.asarray(radiance, np.float64)
        spread = np.sqrt(np.maximum(signal, 0) / self.full_well + self.read_noise**2)
        signal = signal + spread * rng.standard_normal(signal.shape)
        levels = 2 ** (self.adc_bits or self.bits) - 1
        steps = np.rint(np.clip(signal, 0, 1) * levels)
        white = 2**self.bits - 1
        scaled = np.rint(steps * (white / levels))
        return np.asarray(scaled, np.uint8) if self.bits == 8 else np.asarray(scaled, np.uint16)
