"""The scenes: half for tuning, half kept for the final figures and not to be looked at while tuning."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmarks.accuracy import (
    final_microscope,
    final_photographs,
    tuning_microscope,
    tuning_night,
    tuning_photographs,
    tuning_still_lifes,
)
from napari_defocus.optics import Optics
from napari_defocus.simulation import Sensor
from napari_defocus.simulation import scenes as library
from napari_defocus.simulation.setup import Setup

Subset = Literal["tuning", "final"]


@dataclass(frozen=True, kw_only=True)
class AccuracyScene:
    """A scene, how it is rendered, and what makes the stack unlike the solver's model.

    Parameters
    ----------
    name : str
        Its name on the command line.
    subset : {"tuning", "final"}
        Which half it belongs to.
    shows : str
        What is hard about it.
    build : callable
        Makes scene and lens from a shape and a number of planes.
    planes : int
        Planes of the stack.
    shape : (int, int)
        Rows and columns of the stack.
    rays : int
        Rays of each pixel in each plane, spread over its area and the aperture.
    supersampling : int
        Sub-pixels along a pixel's side: the resolution that is rendered and averaged down.
    bits : {8, 16}
        Bits of the stack.
    noise : float
        Standard deviation of the noise in mid-grey, of 255; half of its square is photon noise.
    breathing : float
        By how much the image's scale changes from the first plane to the last.
    blur_error : float
        Factor on the `blur_scale` that the solver is told.
    seed : int
        Seed of rendering and noise.
    """

    name: str
    subset: Subset
    shows: str
    build: Callable[[tuple[int, int], int], Setup]
    planes: int
    shape: tuple[int, int] = (200, 264)
    rays: int = 256
    supersampling: int = 2
    bits: Literal[8, 16] = 8
    noise: float
    breathing: float = 0.0
    blur_error: float = 1.0
    seed: int

    def setup(self) -> Setup:
        """Scene and true lens."""
        return self.build(self.shape, self.planes)

    @property
    def magnification(self) -> list[float]:
        """Scale of each plane's image; the middle of the stack is at 1, as the truth is."""
        return [float(factor) for factor in 1 + self.breathing * np.linspace(-0.5, 0.5, self.planes)]

    @property
    def sensor(self) -> Sensor:
        """What turns radiance into the stack."""
        if self.noise == 0:
            return Sensor(bits=self.bits)
        variance = (self.noise / 255) ** 2
        return Sensor(bits=self.bits, read_noise=float(np.sqrt(variance / 2)), full_well=1 / variance)

    def told(self, optics: Optics) -> Optics:
        """The optics that a solver is given."""
        return optics.replace(blur_scale=optics.blur_scale * self.blur_error)


SCENES: dict[str, AccuracyScene] = {
    scene.name: scene
    for scene in (
        AccuracyScene(
            name="fence",
            subset="tuning",
            shows="bars and wires down to a pixel, a sheet with holes",
            build=library.fence,
            planes=10,
            noise=1.5,
            seed=1,
        ),
        AccuracyScene(
            name="slanted_checks",
            subset="tuning",
            shows="slanted boards of checks and stripes; blur scale 20 % too great",
            build=library.repeated_texture,
            planes=5,
            shape=(240, 320),
            rays=1024,
            noise=0.0,
            blur_error=1.2,
            seed=2,
        ),
        AccuracyScene(
            name="hills",
            subset="tuning",
            shows="smooth relief with three balls; the focus breathes",
            build=library.smooth_relief,
            planes=8,
            noise=1.0,
            breathing=0.006,
            seed=3,
        ),
        AccuracyScene(
            name="pale_walls",
            subset="tuning",
            shows="contrast of a few per cent",
            build=library.low_texture,
            planes=7,
            rays=512,
            bits=16,
            noise=0.5,
            seed=4,
        ),
        AccuracyScene(
            name="lamps",
            subset="tuning",
            shows="lights beyond white, dark ground",
            build=library.highlights,
            planes=12,
            noise=3.0,
            seed=5,
        ),
        AccuracyScene(
            name="fibres",
            subset="tuning",
            shows="microscope: threads at many heights; blur scale 20 % too small",
            build=library.fibres,
            planes=24,
            rays=128,
            supersampling=4,
            noise=5.0,
            blur_error=0.8,
            seed=6,
        ),
        AccuracyScene(
            name="beads",
            subset="tuning",
            shows="microscope: round beads, some nearly plain, on a rough ground",
            build=library.beads,
            planes=16,
            supersampling=4,
            bits=16,
            noise=1.0,
            seed=7,
        ),
        AccuracyScene(
            name="crystals",
            subset="tuning",
            shows="microscope: steep grains and needles, 30 planes",
            build=tuning_microscope.crystals,
            planes=30,
            supersampling=4,
            bits=16,
            noise=1.0,
            seed=12,
        ),
        AccuracyScene(
            name="marked_boards",
            subset="tuning",
            shows="slanted boards with sparse marks; blur scale 20 % too small",
            build=tuning_photographs.marked_boards,
            planes=6,
            shape=(240, 320),
            rays=512,
            bits=16,
            noise=0.0,
            blur_error=0.8,
            seed=8,
        ),
        AccuracyScene(
            name="lamps_wide_open",
            subset="tuning",
            shows="lights in large discs, few planes; blur scale 20 % too great",
            build=tuning_photographs.lamps_wide_open,
            planes=6,
            noise=4.0,
            blur_error=1.2,
            seed=9,
        ),
        AccuracyScene(
            name="meadow",
            subset="tuning",
            shows="smooth relief; the focus breathes by 1 %",
            build=library.smooth_relief,
            planes=7,
            noise=1.5,
            breathing=0.01,
            seed=10,
        ),
        AccuracyScene(
            name="staircase",
            subset="tuning",
            shows="boxes in steps of depth, shadows",
            build=library.steps,
            planes=10,
            noise=2.0,
            seed=11,
        ),
        AccuracyScene(
            name="brambles",
            subset="tuning",
            shows="stems and tilted leaves, many depth edges",
            build=tuning_still_lifes.brambles,
            planes=9,
            noise=2.5,
            seed=13,
        ),
        AccuracyScene(
            name="posters",
            subset="tuning",
            shows="slanted boards of rings, plaid, hatching and words; blur scale 15 % too small",
            build=tuning_still_lifes.posters,
            planes=6,
            shape=(240, 320),
            bits=16,
            noise=0.3,
            blur_error=0.85,
            seed=14,
        ),
        AccuracyScene(
            name="banner",
            subset="tuning",
            shows="smooth waves; the focus breathes",
            build=tuning_still_lifes.banner,
            planes=8,
            noise=1.0,
            breathing=0.008,
            seed=15,
        ),
        AccuracyScene(
            name="chalk",
            subset="tuning",
            shows="contrast of a few per cent, shadows",
            build=tuning_still_lifes.chalk,
            planes=9,
            noise=0.8,
            seed=16,
        ),
        AccuracyScene(
            name="shop_windows",
            subset="tuning",
            shows="lit panes far beyond white, thin bollards, dark ground; blur scale 20 % too great",
            build=tuning_night.shop_windows,
            planes=6,
            shape=(216, 288),
            noise=4.0,
            blur_error=1.2,
            seed=17,
        ),
        AccuracyScene(
            name="harbour",
            subset="tuning",
            shows="lit portholes, lanterns, stays and ropes, dark water; blur scale 15 % too great",
            build=tuning_night.harbour,
            planes=7,
            shape=(216, 288),
            noise=3.0,
            blur_error=1.15,
            seed=18,
        ),
        AccuracyScene(
            name="thicket",
            subset="final",
            shows="twigs and tilted leaves, many depth edges",
            build=final_photographs.thicket,
            planes=10,
            noise=2.0,
            seed=101,
        ),
        AccuracyScene(
            name="printed_boards",
            subset="final",
            shows="slanted boards of dots, weave, lines and type; blur scale 20 % too small",
            build=final_photographs.printed_boards,
            planes=6,
            shape=(240, 320),
            rays=1024,
            bits=16,
            noise=0.0,
            blur_error=0.8,
            seed=102,
        ),
        AccuracyScene(
            name="drapery",
            subset="final",
            shows="smooth folds; the focus breathes",
            build=final_photographs.drapery,
            planes=7,
            noise=1.5,
            breathing=0.01,
            seed=103,
        ),
        AccuracyScene(
            name="plaster",
            subset="final",
            shows="contrast of a few per cent, shadows",
            build=final_photographs.plaster,
            planes=9,
            noise=0.7,
            seed=104,
        ),
        AccuracyScene(
            name="night_street",
            subset="final",
            shows="lights beyond white, thin rails; blur scale 20 % too great",
            build=final_photographs.night_street,
            planes=6,
            shape=(240, 320),
            noise=4.0,
            blur_error=1.2,
            seed=105,
        ),
        AccuracyScene(
            name="circuit",
            subset="final",
            shows="microscope: steep blocks, arching wires, 40 planes",
            build=final_microscope.circuit,
            planes=40,
            rays=128,
            supersampling=4,
            bits=16,
            noise=0.5,
            seed=106,
        ),
        AccuracyScene(
            name="weave",
            subset="final",
            shows="microscope: threads over and under each other, much noise",
            build=final_microscope.weave,
            planes=15,
            rays=128,
            supersampling=4,
            noise=5.0,
            seed=107,
        ),
    )
}
