"""Light on a surface (compiled): Lambert's law, a soft shadow, and light from everywhere."""

from math import cos, pi, sin, sqrt

from napari_defocus.simulation.compiling import inlined
from napari_defocus.simulation.intersection import height_at, is_blocked
from napari_defocus.simulation.packing import (
    AMBIENT,
    CYLINDER,
    DOWN,
    GRID_SPACING,
    HALF_LENGTH,
    HEIGHT_FIELD,
    KIND,
    LIGHT_DIRECTION,
    NORMAL,
    RADIUS,
    RIGHT,
    SHADOWS,
    SOFTNESS,
    SPHERE,
)


@inlined
def illumination(  # type: ignore[no-untyped-def]
    p, t, texels, heights, light, i, s, a, b, ox, oy, oz, dx, dy, dz, footprint, light_u, light_v
):
    """Irradiance where a ray meets surface `i`, 1 where the light falls straight on it.

    `footprint` is the size of a pixel there; shadow rays start a small part of it away from the surface.
    `light_u` and `light_v`, both in [0, 1), choose the point of the light's disc.
    """
    ambient = light[AMBIENT]
    if ambient == 1:
        return 1.0
    nx, ny, nz = _normal(p, t, heights, i, s, a, b)
    if nx * dx + ny * dy + nz * dz > 0:
        nx, ny, nz = -nx, -ny, -nz
    radius, angle = light[SOFTNESS] * sqrt(light_u), 2 * pi * light_v
    # Any two directions across the light's make its disc.
    lx, ly, lz = light[LIGHT_DIRECTION], light[LIGHT_DIRECTION + 1], light[LIGHT_DIRECTION + 2]
    length = sqrt(ly * ly + lz * lz)
    if length > 1e-3:
        ux, uy, uz = 0.0, lz / length, -ly / length
    else:
        ux, uy, uz = 0.0, 1.0, 0.0
    vx, vy, vz = ly * uz - lz * uy, lz * ux - lx * uz, lx * uy - ly * ux
    c, w = radius * cos(angle), radius * sin(angle)
    lx, ly, lz = lx + c * ux + w * vx, ly + c * uy + w * vy, lz + c * uz + w * vz
    facing = (nx * lx + ny * ly + nz * lz) / sqrt(1 + radius * radius)
    if facing <= 0:
        return ambient
    if light[SHADOWS] > 0:
        lift = 0.02 * footprint
        x, y, z = ox + s * dx + lift * nx, oy + s * dy + lift * ny, oz + s * dz + lift * nz
        if is_blocked(p, t, texels, heights, x, y, z, lx, ly, lz):
            return ambient
    return ambient + (1 - ambient) * facing


@inlined
def _normal(p, t, heights, i, s, a, b):  # type: ignore[no-untyped-def]
    """Unit normal of surface `i`, in world coordinates, on either side."""
    kind = t[i, KIND]
    u, v, w = 0.0, 0.0, 1.0
    if kind == SPHERE:
        longitude, latitude = a / p[i, RADIUS], b / p[i, RADIUS]
        u, v, w = sin(longitude) * cos(latitude), sin(latitude), cos(longitude) * cos(latitude)
    elif kind == CYLINDER:
        if abs(a) < p[i, HALF_LENGTH] * (1 - 1e-9):
            u, v, w = 0.0, sin(b / p[i, RADIUS]), cos(b / p[i, RADIUS])
        else:
            u, v, w = 1.0, 0.0, 0.0
    elif kind == HEIGHT_FIELD:
        step = p[i, GRID_SPACING]
        u = (height_at(p, t, heights, i, a - step, b) - height_at(p, t, heights, i, a + step, b)) / (2 * step)
        v = (height_at(p, t, heights, i, a, b - step) - height_at(p, t, heights, i, a, b + step)) / (2 * step)
        length = sqrt(u * u + v * v + 1)
        u, v, w = u / length, v / length, 1 / length
    return (
        u * p[i, RIGHT] + v * p[i, DOWN] + w * p[i, NORMAL],
        u * p[i, RIGHT + 1] + v * p[i, DOWN + 1] + w * p[i, NORMAL + 1],
        u * p[i, RIGHT + 2] + v * p[i, DOWN + 2] + w * p[i, NORMAL + 2],
    )
