"""Meshes to PLY, OBJ and STL files."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from napari_defocus.errors import InputError
from napari_defocus.io.mesh import DepthMesh
from napari_defocus.io.writing import write_in_place

BLOCK = 1 << 11
"""Rows that are written at a time."""

_STL_TRIANGLE = [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("tag", "<u2")]


def save_mesh(mesh: DepthMesh, path: str | Path, *, overwrite: bool = False) -> list[Path]:
    """Write a mesh in the format that the suffix names.

    Parameters
    ----------
    mesh : DepthMesh
        What :func:`depth_mesh` returned.
    path : path
        ``.ply`` (binary, a colour at each vertex), ``.obj`` (text; with a texture also ``.mtl`` and ``.png``
        of the same name) or ``.stl`` (binary, shape only). None of them has a place for the unit: it stands
        in a comment. Each file is written under a temporary name and moved into place.
    overwrite : bool
        Replace files that are there already.

    Returns
    -------
    list of Path
        The files that were written, the mesh first.

    Raises
    ------
    InputError
        If the suffix is another one, a file is there already (without `overwrite`), or cannot be written.
    """
    paths = mesh_paths(path, textured=mesh.texture is not None)
    check_mesh_target(paths, overwrite=overwrite)
    for target in reversed(paths):  # the mesh last: it is complete when it is there
        with write_in_place(target) as temporary:
            _WRITERS[target.suffix.lower()](mesh, temporary, target.stem)
    return paths


def mesh_paths(path: str | Path, *, textured: bool) -> list[Path]:
    """Return the files of a mesh, the mesh itself first.

    Raises
    ------
    InputError
        If the suffix is no mesh's.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in MESH_SUFFIXES:
        raise InputError(
            f"{path.name or path} names no mesh format; end the name in {', '.join(MESH_SUFFIXES)}."
        )
    if path.suffix.lower() != ".obj" or not textured:
        return [path]
    return [path, path.with_suffix(".mtl"), path.with_suffix(".png")]


def check_mesh_target(paths: list[Path], *, overwrite: bool) -> None:
    """Raise :class:`InputError` where a file is there already."""
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise InputError(
            f"The file {there[0]} is there already; choose another name, or ask to overwrite it."
        )


def _write_ply(mesh: DepthMesh, path: Path, name: str) -> None:
    fields = [(axis, "<f4") for axis in "xyz"]
    if mesh.colors is not None:
        fields += [(color, "u1") for color in ("red", "green", "blue")]
    vertices = np.empty(len(mesh.vertices), fields)
    for index, axis in enumerate("xyz"):
        vertices[axis] = mesh.vertices[:, index]
    if mesh.colors is not None:
        for index, color in enumerate(("red", "green", "blue")):
            vertices[color] = mesh.colors[:, index]
    types = {"<f4": "float", "u1": "uchar"}
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"comment {_about(mesh)}",
        f"element vertex {len(vertices)}",
        *(f"property {types[kind]} {field}" for field, kind in fields),
        f"element face {len(mesh.faces)}",
        "property list uchar int vertex_indices",
        "end_header",
    ]
    with path.open("wb") as stream:
        stream.write(("\n".join(header) + "\n").encode("ascii", "replace"))
        stream.write(vertices.tobytes())
        for corners in _blocks(mesh.faces):
            faces = np.empty(len(corners), [("corners", "u1"), ("indices", "<i4", 3)])
            faces["corners"], faces["indices"] = 3, corners
            stream.write(faces.tobytes())


def _write_stl(mesh: DepthMesh, path: Path, name: str) -> None:
    with path.open("wb") as stream:
        stream.write(_about(mesh).encode("ascii", "replace")[:80].ljust(80))
        stream.write(np.uint32(len(mesh.faces)).astype("<u4").tobytes())
        for faces in _blocks(mesh.faces):
            corners = mesh.vertices[faces]
            normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            lengths = np.linalg.norm(normals, axis=1, keepdims=True)
            triangles = np.zeros(len(faces), _STL_TRIANGLE)
            triangles["normal"] = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
            triangles["corners"] = corners
            stream.write(triangles.tobytes())


def _write_obj(mesh: DepthMesh, path: Path, name: str) -> None:
    textured = mesh.texture is not None
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(f"# {_about(mesh)}\n")
        if textured:
            stream.write(f"mtllib {name}.mtl\nusemtl all_in_focus\n")
        _write_lines(stream, "v %.9g %.9g %.9g\n", mesh.vertices)
        if textured:
            _write_lines(stream, "vt %.7g %.7g\n", mesh.texcoords)
            _write_lines(stream, "f %d/%d %d/%d %d/%d\n", mesh.faces, first=1, times=2)
        else:
            _write_lines(stream, "f %d %d %d\n", mesh.faces, first=1)


def _write_lines(stream: TextIO, line: str, values: NDArray[Any], *, first: int = 0, times: int = 1) -> None:
    """Write a line for each row; numbers count from `first` and stand there so many `times`."""
    for block in _blocks(values):
        numbers = np.repeat(block + first, times, axis=1).ravel().tolist()
        stream.write(line * len(block) % tuple(numbers))


def _blocks(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield rows by the thousand, so that another thread, such as a window's, is not kept waiting."""
    for start in range(0, len(values), BLOCK):
        yield values[start : start + BLOCK]


def _write_mtl(mesh: DepthMesh, path: Path, name: str) -> None:
    path.write_text(
        f"newmtl all_in_focus\nKa 1 1 1\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {name}.png\n", "utf-8"
    )


def _write_png(mesh: DepthMesh, path: Path, name: str) -> None:
    from PIL import Image

    assert mesh.texture is not None  # else no such file is asked for
    Image.fromarray(mesh.texture).save(path, format="PNG")


def _about(mesh: DepthMesh) -> str:
    return f"napari-defocus; unit {mesh.unit}" if mesh.unit else "napari-defocus; x and y in pixels"


_WRITERS: dict[str, Callable[[DepthMesh, Path, str], None]] = {
    ".ply": _write_ply,
    ".obj": _write_obj,
    ".stl": _write_stl,
    ".mtl": _write_mtl,
    ".png": _write_png,
}

MESH_SUFFIXES = (".ply", ".obj", ".stl")
"""Suffixes of the mesh formats that are written."""
