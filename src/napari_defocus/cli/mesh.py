"""``napari-defocus mesh``: a depth map as a mesh for other programs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from napari_defocus.cli.arguments import Subparsers
from napari_defocus.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_defocus.optics import Optics


def add_parser(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "mesh",
        help="a result as a mesh: PLY, OBJ or STL",
        description="Write the depth of a result as a triangle mesh in physical units, with its image.",
    )
    parser.add_argument("result", metavar="RESULT", help="folder of a result, or a depth map as .npy or TIFF")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="mesh to write: .ply (with colours), .obj (with texture) or .stl (default: NAME.ply)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a mesh that is there already")
    parser.add_argument(
        "--optics",
        metavar="FILE",
        help="optics as .toml or .json, or a parameters.json (default: parameters.json of the result)",
    )
    parser.add_argument("--unit", help="unit of the vertices, such as mm (default: that of the optics)")
    parser.add_argument(
        "--stride", type=int, default=1, metavar="N", help="take every N-th row and column (1)"
    )
    parser.add_argument(
        "--largest-jump",
        type=float,
        metavar="DEPTH",
        help="leave out triangles that span more depth, in the unit of depth: no skirts at depth edges",
    )
    parser.add_argument(
        "--least-confidence",
        type=float,
        metavar="C",
        help="leave out pixels whose confidence is lower (0 to 1)",
    )
    talk = parser.add_mutually_exclusive_group()
    talk.add_argument("--verbose", action="store_true", help="print errors in full")
    talk.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Read the depth map, write the mesh, and say how large it is."""
    from napari_defocus.io.depth_files import read_all_in_focus, read_depth_map
    from napari_defocus.io.mesh import depth_mesh
    from napari_defocus.io.mesh_files import check_mesh_target, mesh_paths, save_mesh

    found = read_depth_map(args.result)
    name = found.path.absolute().name if found.path.is_dir() else found.path.stem.removesuffix(".ome")
    path = Path(f"{name}.ply" if args.output is None else args.output).expanduser()
    check_mesh_target(mesh_paths(path, textured=found.all_in_focus is not None), overwrite=args.overwrite)
    mesh = depth_mesh(
        found.depth,
        _optics(args, found.path),
        None if found.all_in_focus is None else read_all_in_focus(found.all_in_focus),
        depth_unit=found.unit,
        valid=_valid(args, found.path),
        stride=args.stride,
        largest_jump=args.largest_jump,
        unit=args.unit,
    )
    written = save_mesh(mesh, path, overwrite=args.overwrite)
    if not args.quiet:
        sides = " x ".join(f"{side:.4g}" for side in mesh.extent)
        size = (
            f"{sides} {mesh.unit}"
            if mesh.unit
            else f"{sides} (x and y in px, z in {found.unit or 'its unit'})"
        )
        print(f"{len(mesh.vertices)} vertices, {len(mesh.faces)} triangles, {size}.")
        print("Written:", ", ".join(str(file) for file in written))


def _optics(args: argparse.Namespace, path: Path) -> "Optics | None":
    """Return the optics that were named, else those that the result was made with, if any."""
    from napari_defocus.io.parameters import PARAMETERS_FILE, load_parameters, read_record
    from napari_defocus.optics import load_optics, optics_from_dict

    if args.optics is not None:
        if Path(args.optics).name == PARAMETERS_FILE:
            return load_parameters(args.optics)[0]
        return load_optics(args.optics)
    recorded = (read_record(_folder(path)) or {}).get("optics")
    return optics_from_dict(recorded) if isinstance(recorded, dict) else None


def _valid(args: argparse.Namespace, path: Path) -> "NDArray[np.bool_] | None":
    """Return the pixels that are sure enough; None: all."""
    if args.least_confidence is None:
        return None
    import tifffile

    file = _folder(path) / "confidence.tif"
    try:
        confidence = tifffile.imread(file)
    except Exception as error:  # of many kinds
        raise InputError(
            f"--least-confidence needs the confidence of the result, but {file} cannot be read: {error}."
        ) from None
    valid: NDArray[np.bool_] = confidence >= args.least_confidence
    return valid


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent
