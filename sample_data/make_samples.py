"""Render the sample stacks again: ``python sample_data/make_samples.py [NAME ...] [--output DIR]``.

Takes four and nine minutes on two busy cores. The same versions of the libraries give the same files.
"""

import argparse
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import tifffile
from PIL import Image
from tqdm import tqdm

from napari_defocus.optics import Microscope, ThinLens, save_optics
from napari_defocus.simulation import RenderedStack, Sensor, render_focal_stack
from napari_defocus.simulation.scenes import etched_surface, still_life
from napari_defocus.simulation.setup import Setup

# Noise near one grey level in mid-grey, as of a good camera at low sensitivity.
CAMERA_SENSOR = Sensor(bits=8, read_noise=0.6 / 255, full_well=40_000)
MICROSCOPE_SENSOR = Sensor(bits=16, read_noise=0.0004, full_well=200_000)
OME = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"


def render(setup: Setup, sensor: Sensor, name: str, lens_samples: int) -> RenderedStack:
    """Render a scene and show the progress."""
    with tqdm(total=1.0, desc=name, bar_format="{l_bar}{bar}| {elapsed}<{remaining}") as bar:
        return render_focal_stack(
            setup.scene,
            setup.optics,
            setup.shape,
            lens_samples=lens_samples,
            supersampling=2,
            sensor=sensor,
            progress=lambda fraction, message: bar.update(fraction - bar.n),
        )


def write_truth(folder: Path, stack: RenderedStack, unit: str) -> None:
    """Write the true depth and all-in-focus image."""
    truth = folder / "truth"
    truth.mkdir()
    tifffile.imwrite(
        truth / "depth.tif", stack.depth, compression="zlib", predictor=True, metadata={"unit": unit}
    )
    if stack.images.dtype == np.uint8:
        pixels = np.rint(stack.all_in_focus * 255).astype(np.uint8)
        Image.fromarray(pixels).save(truth / "all_in_focus.png", optimize=True)
    else:
        pixels = np.rint(stack.all_in_focus * 65535).astype(np.uint16)
        tifffile.imwrite(truth / "all_in_focus.tif", pixels, compression="zlib", predictor=True)


def make_photograph(folder: Path) -> None:
    """Write the photographic stack: a PNG a plane."""
    setup = still_life()
    stack = render(setup, CAMERA_SENSOR, "photograph", lens_samples=256)
    for number, image in enumerate(stack.images, 1):
        Image.fromarray(image).save(folder / f"plane_{number:02d}.png", optimize=True)
    assert isinstance(setup.optics, ThinLens)
    save_optics(setup.optics, folder / "optics.toml")
    write_truth(folder, stack, setup.optics.unit)


def make_microscope(folder: Path) -> None:
    """Write the microscope's stack: one OME-TIFF."""
    setup = etched_surface()
    stack = render(setup, MICROSCOPE_SENSOR, "microscope", lens_samples=128)
    assert isinstance(setup.optics, Microscope)
    write_ome_tiff(folder / "etched_surface.ome.tif", stack.images, setup.optics)
    save_optics(setup.optics, folder / "optics.toml")
    write_truth(folder, stack, setup.optics.unit)


def write_ome_tiff(path: Path, images: np.ndarray, optics: Microscope) -> None:
    """Write a z-stack with all that OME metadata can tell about the optics."""
    positions = list(optics.focus_positions)
    metadata = {
        "axes": "ZYX",
        "PhysicalSizeX": optics.pixel_size,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": optics.pixel_size,
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": round(positions[1] - positions[0], 6),
        "PhysicalSizeZUnit": "µm",
        "Channel": {"EmissionWavelength": optics.wavelength * 1000, "EmissionWavelengthUnit": "nm"},
        "Plane": {"PositionZ": positions, "PositionZUnit": ["µm"] * len(positions)},
    }
    tifffile.imwrite(
        path,
        images,
        ome=True,
        metadata=metadata,
        photometric="minisblack",
        compression="zlib",
        predictor=True,
    )
    tifffile.tiffcomment(path, add_objective(tifffile.tiffcomment(path), optics).encode())


def add_objective(xml: str, optics: Microscope) -> str:
    """Add the objective, which tifffile cannot write, and drop the random identifier of the file."""
    ElementTree.register_namespace("", OME[1:-1])
    root = ElementTree.fromstring(xml)
    root.attrib.pop("UUID", None)
    instrument = ElementTree.Element(OME + "Instrument", ID="Instrument:0")
    ElementTree.SubElement(
        instrument,
        OME + "Objective",
        ID="Objective:0",
        LensNA=str(optics.numerical_aperture),
        NominalMagnification="10",
        Immersion="Air",
    )
    root.insert(0, instrument)
    image = root.find(OME + "Image")
    assert image is not None
    image.insert(0, ElementTree.Element(OME + "InstrumentRef", ID="Instrument:0"))
    settings = {"ID": "Objective:0", "Medium": "Air", "RefractiveIndex": str(optics.refractive_index)}
    image.insert(1, ElementTree.Element(OME + "ObjectiveSettings", settings))
    return '<?xml version="1.0" encoding="UTF-8"?>' + ElementTree.tostring(root, encoding="unicode")


MAKERS = {"photograph": make_photograph, "microscope": make_microscope}


def main() -> None:
    """Render the samples named on the command line."""
    parser = argparse.ArgumentParser(description="Render the sample stacks of napari-defocus again.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(MAKERS)} (default: all)")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, metavar="DIR")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(MAKERS))
    if unknown:
        parser.error(f"there is no sample {unknown[0]!r}; known are {', '.join(MAKERS)}")
    for name in arguments.names or MAKERS:
        folder, unfinished = arguments.output / name, arguments.output / f"{name}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        MAKERS[name](unfinished)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)


if __name__ == "__main__":
    main()
