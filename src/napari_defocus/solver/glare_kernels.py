"""Compiled kernel of the union of discs, by lower envelopes of parabolas; it releases the GIL."""

from napari_defocus.optics.compiling import compiled_exactly

FAR = 1e12
"""Height of a parabola that is none."""


@compiled_exactly
def envelope(heights, places, borders, out):
    """Least ``(x - i) ** 2 + heights[i]`` over i, for every x of a row.

    Felzenszwalb & Huttenlocher, "Distance transforms of sampled functions", 2012. `places` (int64) and
    `borders` (float64, one longer) are scratch of the row's length. Returns whether there was any parabola.
    """
    count = 0
    for i in range(len(heights)):
        height = heights[i]
        if height >= FAR:
            continue
        border = -FAR
        while count > 0:
            j = places[count - 1]
            border = ((height + i * i) - (heights[j] + j * j)) / (2.0 * (i - j))
            if border > borders[count - 1]:
                break
            count -= 1
        if count == 0:
            border = -FAR
        places[count] = i
        borders[count] = border
        count += 1
    if count == 0:
        return False
    k = 0
    for x in range(len(heights)):
        while k + 1 < count and borders[k + 1] < x:
            k += 1
        away = x - places[k]
        out[x] = away * away + heights[places[k]]
    return True


@compiled_exactly
def union_of_discs(radii, heights, column, places, borders, row, out):
    """Mark every pixel within ``radii[p]`` of a pixel p; 0 is no disc.

    `radii` (Y, X), `out` (Y, X) bool; `heights` (X, Y), `column`, `row` float64, `places` int64 and `borders`
    float64 are scratch as long as the longer side, `borders` one longer.
    """
    height, width = radii.shape
    for y in range(height):
        found = False
        for x in range(width):
            radius = radii[y, x]
            row[x] = -radius * radius if radius > 0 else FAR
            found |= radius > 0
        if found:
            envelope(row[:width], places, borders, column[:width])
        for x in range(width):
            heights[x, y] = column[x] if found else FAR
    for x in range(width):
        found = envelope(heights[x], places, borders, column[:height])
        for y in range(height):
            out[y, x] = found and column[y] <= 0
