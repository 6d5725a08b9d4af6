"""What is told about an alignment."""

from dataclasses import asdict, dataclass
from typing import Any

from napari_defocus.alignment.motion import Motion
from napari_defocus.alignment.warping import STILL, Crop


@dataclass(frozen=True)
class PlaneAlignment:
    """What was found of one plane, and whether it was moved.

    Attributes
    ----------
    motion : Motion
        Where points of the reference are found in this plane, as measured.
    largest : float
        How far the corner that moves most is moved by it, px.
    error : float
        Standard error of that, px.
    strain : float
        By how much the comparisons with the planes on the side of the reference miss `motion`, px.
    agreement_before, agreement_after : float
        Correlation of its detail with that of the sharp image of all planes, blurred like it, before and
        after all are moved. Of a plane that its neighbours speak against, with the next one on the side of
        the reference.
    accepted : bool
        Whether the plane was moved; if not it is as it was.
    note : str
        Why it was not moved.
    votes : (float, float, float)
        Trust in those windows of the sharp image with which the plane agrees better when all are moved than
        when none is, in those with which it does than when they are moved twice as far, and in all.
    """

    motion: Motion
    largest: float
    error: float
    strain: float
    agreement_before: float
    agreement_after: float
    accepted: bool
    note: str = ""
    votes: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def applied(self) -> Motion:
        """The motion that was taken out of the plane."""
        return self.motion if self.accepted else STILL


@dataclass(frozen=True, eq=False)
class AlignmentResult:
    """An aligned stack and what was found.

    Attributes
    ----------
    images : array, (planes, Y, X) or (planes, Y, X, 3)
        The aligned planes in the type of the input, dask where that was dask. The input itself where no plane
        was moved.
    planes : tuple of PlaneAlignment
        One a plane.
    reference : int
        Index of the plane that stays as it is.
    motion : str
        Kind of motion that was looked for.
    valid : ((int, int), (int, int))
        First row and the one after the last, first and last column likewise, that all planes show.
    cropped : bool
        Whether `images` are cropped to them.
    notes : tuple of str
        What the user should know, a sentence each.
    """

    images: Any
    planes: tuple[PlaneAlignment, ...]
    reference: int
    motion: str
    valid: Crop
    cropped: bool = False
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether any plane was moved."""
        return any(plane.accepted for plane in self.planes)

    def rows(self) -> list[list[str]]:
        """Return the report as cells: a line of headings, then a line a plane."""
        lines = [[*HEADINGS]]
        for index, plane in enumerate(self.planes):
            motion = plane.motion
            lines.append(
                [
                    str(index),
                    "reference" if index == self.reference else "yes" if plane.accepted else "no",
                    f"{100 * (motion.scale - 1):+.3f}",
                    f"{motion.rotation:+.3f}",
                    f"{motion.shift_y:+.2f}",
                    f"{motion.shift_x:+.2f}",
                    f"{plane.largest:.2f} ± {plane.error:.2f}",
                    f"{plane.agreement_before:.4f}",
                    f"{plane.agreement_after:.4f}",
                ]
            )
        return lines

    def report(self) -> str:
        """Return the report as text: a table and the notes."""
        lines = self.rows()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)) for line in lines
        ]
        return "\n".join([*table, *self.notes])

    def to_dict(self) -> dict[str, Any]:
        """Return all but the images as plain values."""
        return {
            "motion": self.motion,
            "reference": self.reference,
            "changed": self.changed,
            "valid_rows": list(self.valid[0]),
            "valid_columns": list(self.valid[1]),
            "cropped": self.cropped,
            "planes": [asdict(plane) for plane in self.planes],
            "notes": list(self.notes),
        }


HEADINGS = (
    "plane",
    "moved",
    "scale %",
    "turn °",
    "shift y px",
    "shift x px",
    "largest px",
    "agreement",
    "after",
)
"""Columns of the report."""
