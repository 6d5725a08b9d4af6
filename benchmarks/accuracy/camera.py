"""What is lost where the stack comes from a camera: one colour a pixel, interpolated, and JPEG files.

    python -m benchmarks.accuracy.camera [--scenes NAME ...] [--quality 90] [--colours 4:2:0] [--no-mask]

Tuning scenes have noise that no two pixels share. Here each plane in colour is sampled through a Bayer mask
and interpolated bilinearly, the simplest way there is; then each plane goes through an 8-bit JPEG file,
colours at half the resolution. Things of a pixel or two suffer most.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import convolve

from benchmarks.accuracy.arguments import parser_of
from benchmarks.accuracy.rendering import Case, load_case
from benchmarks.accuracy.report import table
from benchmarks.accuracy.rows import error, focus, ours
from benchmarks.accuracy.scenes import SCENES, TUNING_NAMES
from napari_defocus.solver.focus_start import noise_of
from napari_defocus.solver.observations import load_stack

RESULT = Path(__file__).parent.parent / "results" / "camera.md"
COLUMNS = ("noise", "shared", "classic", "ours")
HEADS = ("scene", *COLUMNS, *(f"camera: {column}" for column in COLUMNS), "growth")

GREEN = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4
RED_OR_BLUE = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4


@dataclass(frozen=True)
class Camera:
    """What a camera does to a plane.

    Attributes
    ----------
    quality : int
        Quality of its JPEG files.
    colours : str
        Resolution of their colours: "4:2:0" is half, "4:4:4" full.
    mask : bool
        Whether each pixel sees one colour.
    """

    quality: int
    colours: str
    mask: bool

    def photograph(self, case: Case) -> Case:
        """The case with its planes as the camera delivers them, 8 bits."""
        whole = case.images.dtype == np.uint8
        images = case.images if whole else np.rint(case.images / 257).astype(np.uint8)
        return replace(case, images=np.stack([self.plane(image) for image in images]))

    def plane(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """One plane as the camera delivers it."""
        file = io.BytesIO()
        seen = Image.fromarray(demosaiced(image) if self.mask else image)
        seen.save(file, "JPEG", quality=self.quality, subsampling=self.colours)
        return np.asarray(Image.open(file))

    def __str__(self) -> str:
        mask = "Bayer mask, bilinear interpolation and " if self.mask else ""
        return f"{mask}JPEG of quality {self.quality}, colours {self.colours}"


def demosaiced(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A plane of which each pixel was seen in one colour, the others interpolated; grey ones as they are."""
    if plane.ndim == 2:
        return plane
    rows, columns = np.indices(plane.shape[:2]) % 2
    seen = [(rows == 0) & (columns == 0), rows != columns, (rows == 1) & (columns == 1)]
    channels = [
        convolve(np.where(mask, plane[..., index], 0.0), kernel, mode="mirror")
        for index, (mask, kernel) in enumerate(zip(seen, (RED_OR_BLUE, GREEN, RED_OR_BLUE), strict=True))
    ]
    return np.rint(np.clip(np.stack(channels, axis=-1), 0, 255)).astype(np.uint8)


def row(case: Case, camera: Camera) -> tuple[list[str], float]:
    """One line of the table, and the growth of our error."""
    cells, errors = [case.scene.name], []
    for each in (case, camera.photograph(case)):
        noise = noise_of(load_stack(each.images))
        errors.append(error(ours(each), each))
        cells.append(f"{255 * noise.level:.2f}")
        cells.append(f"{255 * noise.coarse:.2f}" if noise.coarse > noise.level else "")
        cells += [f"{error(focus(each), each):.4f}", f"{errors[-1]:.4f}"]
    growth = errors[1] / errors[0]
    return [*cells, f"{growth:.2f}"], growth


def page(rows: Sequence[Sequence[str]], camera: Camera, growth: float) -> str:
    return f"""# Stacks as a camera delivers them

`python -m benchmarks.accuracy.camera`: AbsRel on tuning scenes as rendered and after {camera}.
Noise in grey levels; "shared" is the noise that neighbouring pixels share as the solver finds it, where it
finds any. "classic" is the classic measure at the window that the truth chooses, "ours" the defaults.

{table(HEADS, rows)}

Mean growth of our error: {growth:.2f}.
"""


def main(argv: Sequence[str] | None = None) -> None:
    parser = parser_of("benchmarks.accuracy.camera", __doc__, TUNING_NAMES)
    parser.add_argument("--quality", type=int, default=90, help="%(default)s")
    parser.add_argument("--colours", choices=["4:2:0", "4:2:2", "4:4:4"], default="4:2:0", help="%(default)s")
    parser.add_argument("--no-mask", action="store_true", help="each pixel sees all colours")
    parser.add_argument("--output", type=Path, default=RESULT, metavar="FILE", help="%(default)s")
    arguments = parser.parse_args(argv)
    camera = Camera(arguments.quality, arguments.colours, not arguments.no_mask)
    rows, growths = [], []
    for name in arguments.scenes:
        cells, growth = row(load_case(SCENES[name], arguments.cache), camera)
        rows.append(cells)
        growths.append(growth)
        print(f"| {' | '.join(cells)} |", flush=True)
    arguments.output.write_text(page(rows, camera, float(np.mean(growths))), encoding="utf-8")


if __name__ == "__main__":
    main()
