"""A scene as plain arrays, the form that the compiled kernels read."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_defocus.simulation.scene import (
    Cylinder,
    HeightField,
    Rectangle,
    Scene,
    Sphere,
    Surface,
    frame,
    unit,
)
from napari_defocus.simulation.textures import Texture

RECTANGLE, SPHERE, CYLINDER, HEIGHT_FIELD = range(4)

# Columns of PackedScene.numbers.
ORIGIN, RIGHT, DOWN, NORMAL = 0, 3, 6, 9
HALF_WIDTH, HALF_HEIGHT, IS_ROUND = 12, 13, 14  # of a rectangle and, the first two, of a height field
RADIUS, HALF_LENGTH = 12, 13  # of a sphere and a cylinder
GRID_SPACING, LOWEST, HIGHEST = 14, 15, 16  # of a height field
BOUND, BOUND_RADIUS = 17, 20  # a sphere around the surface
TEXELS_PER_LENGTH = 21
NUMBERS = 22

# Columns of PackedScene.tables.
KIND, CHANNELS, TEXTURE_START, TEXTURE_ROWS, TEXTURE_COLUMNS, MIRRORED, HAS_ALPHA = range(7)
GRID_START, GRID_ROWS, GRID_COLUMNS = 7, 8, 9
TABLES = 10

# Entries of PackedScene.light.
LIGHT_DIRECTION, AMBIENT, SOFTNESS, SHADOWS = 0, 3, 4, 5


class PackedScene(NamedTuple):
    """A scene as arrays; one row of `numbers` and `tables` a surface."""

    numbers: NDArray[np.float64]
    tables: NDArray[np.int64]
    texels: NDArray[np.float32]  # all textures one after the other, alpha as the last channel
    heights: NDArray[np.float64]  # all height fields one after the other
    light: NDArray[np.float64]


def pack(scene: Scene) -> PackedScene:
    """Return the scene as arrays."""
    count = len(scene.surfaces)
    numbers = np.zeros((count, NUMBERS))
    tables = np.zeros((count, TABLES), np.int64)
    grids: list[NDArray[np.float64]] = []
    for index, surface in enumerate(scene.surfaces):
        tables[index, KIND] = _pack_geometry(surface, numbers[index])
        tables[index, CHANNELS] = scene.channels
        if isinstance(surface, HeightField):
            grid = np.asarray(surface.heights, np.float64)
            tables[index, GRID_START:] = (sum(map(len, grids)), *grid.shape)
            grids.append(grid.ravel())
    texels = _pack_textures(scene, numbers, tables)
    light = np.array(
        [
            *unit(scene.light.direction, "direction"),
            scene.light.ambient,
            scene.light.softness,
            scene.light.shadows and scene.light.ambient < 1,
        ],
        np.float64,
    )
    heights = np.concatenate([*grids, np.zeros(1)])
    return PackedScene(numbers, tables, texels, heights, light)


def _pack_textures(
    scene: Scene, numbers: NDArray[np.float64], tables: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Join the textures, each once however many surfaces wear it."""
    parts: list[NDArray[np.float32]] = []
    starts: dict[int, int] = {}
    size = 0
    for index, surface in enumerate(scene.surfaces):
        texture = surface.texture
        rows, columns = texture.pixels.shape[:2]
        if id(texture) not in starts:
            starts[id(texture)] = size
            parts.append(_texels(texture, scene.channels))
            size += parts[-1].size
        tables[index, TEXTURE_START : HAS_ALPHA + 1] = (
            starts[id(texture)],
            rows,
            columns,
            texture.wrap == "mirror",
            texture.alpha is not None,
        )
        numbers[index, TEXELS_PER_LENGTH] = columns / texture.width
    return np.concatenate(parts)


def _texels(texture: Texture, channels: int) -> NDArray[np.float32]:
    shape = texture.pixels.shape[:2]
    texels = np.ones((*shape, channels + 1), np.float32)
    texels[..., :channels] = texture.pixels
    if texture.alpha is not None:
        texels[..., channels] = texture.alpha
    return texels.ravel()


def _pack_geometry(surface: Surface, row: NDArray[np.float64]) -> int:
    """Fill the row with the surface's frame and sizes, and return its kind."""
    if isinstance(surface, Cylinder):
        start, end = np.asarray(surface.start, np.float64), np.asarray(surface.end, np.float64)
        axis = end - start
        half = float(np.linalg.norm(axis)) / 2
        aside = (0, 1, 0) if abs(axis[1]) < 1.8 * half else (1, 0, 0)
        row[ORIGIN : ORIGIN + 3] = (start + end) / 2
        row[RIGHT : NORMAL + 3] = frame(axis, aside).ravel()
        row[RADIUS], row[HALF_LENGTH] = surface.radius, half
        _bound(row, float(np.hypot(half, surface.radius)))
        return CYLINDER
    row[ORIGIN : ORIGIN + 3] = surface.center
    if isinstance(surface, Sphere):
        row[RIGHT : NORMAL + 3] = frame(surface.right, surface.down, surface.up).ravel()
        row[RADIUS] = surface.radius
        _bound(row, surface.radius)
        return SPHERE
    if isinstance(surface, Rectangle):
        row[RIGHT : NORMAL + 3] = frame(surface.right, surface.down).ravel()
        row[HALF_WIDTH], row[HALF_HEIGHT] = surface.width / 2, surface.height / 2
        row[IS_ROUND] = surface.is_round
        _bound(row, float(np.hypot(row[HALF_WIDTH], row[HALF_HEIGHT])))
        return RECTANGLE
    grid = np.asarray(surface.heights, np.float64)
    row[RIGHT : NORMAL + 3] = frame(surface.right, surface.down, surface.up).ravel()
    row[HALF_HEIGHT], row[HALF_WIDTH] = (np.array(grid.shape) - 1) * surface.spacing / 2
    row[GRID_SPACING], row[LOWEST], row[HIGHEST] = surface.spacing, grid.min(), grid.max()
    normal = row[NORMAL : NORMAL + 3]
    row[BOUND : BOUND + 3] = row[ORIGIN : ORIGIN + 3] + normal * (grid.max() + grid.min()) / 2
    row[BOUND_RADIUS] = np.hypot(np.hypot(row[HALF_WIDTH], row[HALF_HEIGHT]), np.ptp(grid) / 2) * 1.001
    return HEIGHT_FIELD


def _bound(row: NDArray[np.float64], radius: float) -> None:
    row[BOUND : BOUND + 3] = row[ORIGIN : ORIGIN + 3]
    row[BOUND_RADIUS] = radius * 1.001
