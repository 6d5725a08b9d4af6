"""Meshes to PLY, OBJ and STL files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus.errors import InputError
from napari_defocus.io.mesh import DepthMesh
from napari_defocus.io.writing import write_in_place

BLOCK = 1 << 16
"""Lines of text that are formatted at a time."""


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
    faces = np.empty(len(mesh.faces), [("corners", "u1"), ("indices", "<i4", 3)])
    faces["corners"], faces["indices"] = 3, mesh.faces
    types = {"<f4": "float", "u1": "uchar"}
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"comment {_about(mesh)}",
        f"element vertex {len(vertices)}",
        *(f"property {types[kind]} {field}" for field, kind in fields),
        f"element face {len(faces)}",
        "property list uchar int vertex_indices",
        "end_header",
    ]
    with path.open("wb") as stream:
        stream.write(("\n".join(header) + "\n").encode("ascii", "replace"))
        stream.write(vertices.tobytes())
        stream.write(faces.tobytes())


def _write_stl(mesh: DepthMesh, path: Path, name: str) -> None:
    corners = mesh.vertices[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    triangles = np.zeros(len(corners), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("tag", "<u2")])
    triangles["normal"] = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
    triangles["corners"] = corners
    with path.open("wb") as stream:
        stream.write(_about(mesh).encode("ascii", "replace")[:80].ljust(80))
        stream.write(np.uint32(len(triangles)).astype("<u4").tobytes())
        stream.write(triangles.tobytes())


def _write_obj(mesh: DepthMesh, path: Path, name: str) -> None:
    textured = mesh.texture is not None
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(f"# {_about(mesh)}\n")
        if textured:
            stream.write(f"mtllib {name}.mtl\nusemtl all_in_focus\n")
        blocks: list[tuple[str, NDArray[Any]]] = [("v %.9g %.9g %.9g\n", mesh.vertices)]
        if textured:
            blocks.append(("vt %.7g %.7g\n", mesh.texcoords))
            blocks.append(("f %d/%d %d/%d %d/%d\n", np.repeat(mesh.faces + 1, 2, axis=1)))
        else:
            blocks.append(("f %d %d %d\n", mesh.faces + 1))
        for line, values in blocks:
            for start in range(0, len(values), BLOCK):
                stream.write("".join(line % tuple(row) for row in values[start : start + BLOCK].tolist()))


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
