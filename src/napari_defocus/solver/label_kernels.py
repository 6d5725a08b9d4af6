"""Compiled kernels of labels on a pixel grid; they release the GIL."""

import numpy as np

from napari_defocus.optics.compiling import compiled


@compiled
def relax_labels(costs, across, down, smoothness, truncation, backwards, labels):
    """One sweep of iterated conditional modes; returns how many labels (h, w) changed.

    A pixel takes, of its own label, its neighbours' and that of least cost (labels, h, w), the one of least
    cost and weighted, truncated difference to its four neighbours (Besag 1986).
    """
    count, height, width = costs.shape
    changed = 0
    for i in range(height * width):
        at = height * width - 1 - i if backwards else i
        y, x = at // width, at % width
        now = labels[y, x]
        best, least = now, np.float32(np.inf)
        cheapest = 0
        for label in range(1, count):
            cheapest = label if costs[label, y, x] < costs[cheapest, y, x] else cheapest
        up, below = labels[max(y - 1, 0), x], labels[min(y + 1, height - 1), x]
        left, right = labels[y, max(x - 1, 0)], labels[y, min(x + 1, width - 1)]
        for choice in range(6):
            label = now
            if choice == 1:
                label = up
            elif choice == 2:
                label = below
            elif choice == 3:
                label = left
            elif choice == 4:
                label = right
            elif choice == 5:
                label = cheapest
            apart = np.float32(0)
            if y > 0:
                apart += down[y - 1, x] * min(np.float32(abs(label - up)), truncation)
            if y < height - 1:
                apart += down[y, x] * min(np.float32(abs(label - below)), truncation)
            if x > 0:
                apart += across[y, x - 1] * min(np.float32(abs(label - left)), truncation)
            if x < width - 1:
                apart += across[y, x] * min(np.float32(abs(label - right)), truncation)
            cost = costs[label, y, x] + smoothness * apart
            if cost < least:
                best, least = label, cost
        if best != now:
            labels[y, x] = best
            changed += 1
    return changed
