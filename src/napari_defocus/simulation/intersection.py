"""Where a ray first meets a scene (compiled).

A ray is ``origin + s * direction``, ``s`` growing away from the lens. A function that finds no meeting
with ``s > s_min`` returns infinity. Coordinates ``a`` and ``b`` on a surface are lengths along its texture's
columns and rows, 0 at the texture's middle.
"""

# Six numbers make a ray: scalars keep the compiled loops free of allocations. The scene's arrays are those of
# PackedScene: p (numbers), t (tables), texels, heights.

from math import asin, atan2, ceil, inf, sqrt

from napari_defocus.simulation.compiling import inlined
from napari_defocus.simulation.packing import (
    BOUND,
    BOUND_RADIUS,
    CYLINDER,
    DOWN,
    GRID_COLUMNS,
    GRID_ROWS,
    GRID_SPACING,
    GRID_START,
    HALF_HEIGHT,
    HALF_LENGTH,
    HALF_WIDTH,
    HAS_ALPHA,
    HIGHEST,
    IS_ROUND,
    KIND,
    LOWEST,
    NORMAL,
    ORIGIN,
    RADIUS,
    RECTANGLE,
    RIGHT,
    SPHERE,
)
from napari_defocus.simulation.texturing import texel_alpha


@inlined
def first_hit(p, t, texels, heights, ox, oy, oz, dx, dy, dz, s_min, s_max):  # type: ignore[no-untyped-def]
    """Return (surface, s, a, b) of the first meeting between `s_min` and `s_max`, surface -1 if none."""
    nearest, hit_a, hit_b, hit = s_max, 0.0, 0.0, -1
    for i in range(p.shape[0]):
        if _misses_bound(p, i, ox, oy, oz, dx, dy, dz):
            continue
        s, a, b = _meet(p, t, texels, heights, i, ox, oy, oz, dx, dy, dz, s_min, nearest)
        if s < nearest:
            nearest, hit_a, hit_b, hit = s, a, b, i
    return hit, nearest, hit_a, hit_b


@inlined
def is_blocked(p, t, texels, heights, ox, oy, oz, dx, dy, dz):  # type: ignore[no-untyped-def]
    """Whether anything lies on the ray beyond its origin."""
    for i in range(p.shape[0]):
        if _misses_bound(p, i, ox, oy, oz, dx, dy, dz):
            continue
        s, _, _ = _meet(p, t, texels, heights, i, ox, oy, oz, dx, dy, dz, 0.0, inf)
        if s < inf:
            return True
    return False


@inlined
def _meet(p, t, texels, heights, i, ox, oy, oz, dx, dy, dz, s_min, s_max):  # type: ignore[no-untyped-def]
    """Meeting with surface `i`, in its own frame."""
    qx, qy, qz = ox - p[i, ORIGIN], oy - p[i, ORIGIN + 1], oz - p[i, ORIGIN + 2]
    u, du = _along(p, i, RIGHT, qx, qy, qz), _along(p, i, RIGHT, dx, dy, dz)
    v, dv = _along(p, i, DOWN, qx, qy, qz), _along(p, i, DOWN, dx, dy, dz)
    w, dw = _along(p, i, NORMAL, qx, qy, qz), _along(p, i, NORMAL, dx, dy, dz)
    kind = t[i, KIND]
    if kind == RECTANGLE:
        return _meet_rectangle(p, t, texels, i, u, v, w, du, dv, dw, s_min)
    if kind == SPHERE:
        return _meet_sphere(p, i, u, v, w, du, dv, dw, s_min)
    if kind == CYLINDER:
        return _meet_cylinder(p, i, u, v, w, du, dv, dw, s_min)
    return _meet_height_field(p, t, heights, i, u, v, w, du, dv, dw, s_min, s_max)


@inlined
def _along(p, i, axis, x, y, z):  # type: ignore[no-untyped-def]
    return p[i, axis] * x + p[i, axis + 1] * y + p[i, axis + 2] * z


@inlined
def _misses_bound(p, i, ox, oy, oz, dx, dy, dz):  # type: ignore[no-untyped-def]
    """Whether the line passes the sphere around surface `i`."""
    radius = p[i, BOUND_RADIUS]
    if radius == inf:
        return False
    x, y, z = p[i, BOUND] - ox, p[i, BOUND + 1] - oy, p[i, BOUND + 2] - oz
    cx, cy, cz = y * dz - z * dy, z * dx - x * dz, x * dy - y * dx
    return cx * cx + cy * cy + cz * cz > radius * radius * (dx * dx + dy * dy + dz * dz)


@inlined
def _meet_rectangle(p, t, texels, i, u, v, w, du, dv, dw, s_min):  # type: ignore[no-untyped-def]
    if dw == 0:
        return inf, 0.0, 0.0
    s = -w / dw
    if s <= s_min:
        return inf, 0.0, 0.0
    a, b = u + s * du, v + s * dv
    half_width, half_height = p[i, HALF_WIDTH], p[i, HALF_HEIGHT]
    if p[i, IS_ROUND] > 0:
        outside = (a / half_width) ** 2 + (b / half_height) ** 2 > 1
    else:
        outside = abs(a) > half_width or abs(b) > half_height
    if outside or (t[i, HAS_ALPHA] and texel_alpha(p, t, texels, i, a, b) < 0.5):
        return inf, 0.0, 0.0
    return s, a, b


@inlined
def _meet_sphere(p, i, u, v, w, du, dv, dw, s_min):  # type: ignore[no-untyped-def]
    radius = p[i, RADIUS]
    s = _quadratic(
        du * du + dv * dv + dw * dw, u * du + v * dv + w * dw, u * u + v * v + w * w - radius**2, s_min
    )
    if s == inf:
        return inf, 0.0, 0.0
    longitude = atan2(u + s * du, w + s * dw)
    latitude = asin(max(-1.0, min(1.0, (v + s * dv) / radius)))
    return s, longitude * radius, latitude * radius


@inlined
def _meet_cylinder(p, i, u, v, w, du, dv, dw, s_min):  # type: ignore[no-untyped-def]
    radius, half = p[i, RADIUS], p[i, HALF_LENGTH]
    found = inf
    s = _quadratic(dv * dv + dw * dw, v * dv + w * dw, v * v + w * w - radius**2, s_min)
    if s < inf and abs(u + s * du) <= half:
        found = s
    if du != 0:
        for side in (-half, half):
            s = (side - u) / du
            if s_min < s < found and (v + s * dv) ** 2 + (w + s * dw) ** 2 <= radius**2:
                found = s
    if found == inf:
        return inf, 0.0, 0.0
    return found, u + found * du, atan2(v + found * dv, w + found * dw) * radius


@inlined
def _quadratic(square, half_linear, constant, s_min):  # type: ignore[no-untyped-def]
    """Least root above `s_min` of ``square s^2 + 2 half_linear s + constant``."""
    discriminant = half_linear * half_linear - square * constant
    if square == 0 or discriminant < 0:
        return inf
    root = sqrt(discriminant)
    s = (-half_linear - root) / square
    if s <= s_min:
        s = (-half_linear + root) / square
    return s if s > s_min else inf


@inlined
def _meet_height_field(p, t, heights, i, u, v, w, du, dv, dw, s_min, s_max):  # type: ignore[no-untyped-def]
    """March a cell at a time through the slab that holds the heights, then refine the crossing."""
    start, end = _clip(u, du, -p[i, HALF_WIDTH], p[i, HALF_WIDTH], s_min, s_max)
    start, end = _clip(v, dv, -p[i, HALF_HEIGHT], p[i, HALF_HEIGHT], start, end)
    start, end = _clip(w, dw, p[i, LOWEST], p[i, HIGHEST], start, end)
    if not start <= end:
        return inf, 0.0, 0.0
    cells = max(abs(du), abs(dv)) * (end - start) / p[i, GRID_SPACING]
    steps = ceil(cells) + 1
    low, above = start, w + start * dw - height_at(p, t, heights, i, u + start * du, v + start * dv)
    slack = 1e-9 * (p[i, HIGHEST] - p[i, LOWEST] + p[i, GRID_SPACING])
    if above < -slack:
        return inf, 0.0, 0.0  # comes in from below: there are no walls
    for k in range(1, steps + 1):
        high = start + (end - start) * k / steps
        below = w + high * dw - height_at(p, t, heights, i, u + high * du, v + high * dv)
        if below <= slack:
            for _ in range(6):  # regula falsi, Illinois variant: exact at once where the height is linear
                s = high if above == below else low + (high - low) * above / (above - below)
                gap = w + s * dw - height_at(p, t, heights, i, u + s * du, v + s * dv)
                if abs(gap) <= slack:
                    return s, u + s * du, v + s * dv
                if gap > 0:
                    low, above, below = s, gap, 0.5 * below
                else:
                    high, below, above = s, gap, 0.5 * above
            return high, u + high * du, v + high * dv
        low, above = high, below
    return inf, 0.0, 0.0


@inlined
def _clip(position, speed, least, most, start, end):  # type: ignore[no-untyped-def]
    """Part of ``start <= s <= end`` in which a coordinate is between its bounds; empty if start > end."""
    if speed == 0:
        return (start, end) if least <= position <= most else (1.0, 0.0)
    first, last = (least - position) / speed, (most - position) / speed
    return max(start, min(first, last)), min(end, max(first, last))


@inlined
def height_at(p, t, heights, i, a, b):  # type: ignore[no-untyped-def]
    """Bilinear height of height field `i`."""
    rows, columns = t[i, GRID_ROWS], t[i, GRID_COLUMNS]
    x = min(max((a + p[i, HALF_WIDTH]) / p[i, GRID_SPACING], 0.0), columns - 1.0)
    y = min(max((b + p[i, HALF_HEIGHT]) / p[i, GRID_SPACING], 0.0), rows - 1.0)
    column, row = min(int(x), columns - 2), min(int(y), rows - 2)
    x, y = x - column, y - row
    k = t[i, GRID_START] + row * columns + column
    h = heights
    return (1 - y) * ((1 - x) * h[k] + x * h[k + 1]) + y * ((1 - x) * h[k + columns] + x * h[k + columns + 1])
