"""Compiled kernels of one expansion of a label on a pixel grid; they release the GIL.

The least labelling that an expansion can reach is a minimum cut (Boykov, Veksler & Zabih, PAMI 2001;
Kolmogorov & Zabih, PAMI 2004). It is found by pushing (Goldberg & Tarjan, JACM 1988, with heights measured
anew now and then): each pixel that would gain by the label has so much to give, each that would lose takes up
so much, and their neighbours say how much can pass between. A pixel from which none that takes up can be
reached any more takes the label.

Nodes are the pixels of a grid with a rim of one all around that nothing passes to, so that each has four
neighbours: 0 right, 1 left, 2 below, 3 above.
"""

from napari_defocus.optics.compiling import compiled_exactly

UNREACHED = 2**30
"""Height of a node from which nothing that takes up can be reached."""

HEAD, TAIL, WAITING = 0, 1, 2
"""Where the queue of nodes with something to give begins and ends, and how many they are."""

WORK = 0.5
"""Heights are measured anew after so many raises a node."""


@compiled_exactly
def build_graph(labels, unary, across, down, apart, alpha, room, excess, intake):
    """Graph of the expansion of `alpha`, in whole numbers.

    `labels` (h, w), costs `unary` (labels, h, w), weights `across` (h, w - 1) and `down` (h - 1, w), costs of
    two labels side by side `apart` (labels, labels), a metric. Into `room` (4, nodes), what can pass to each
    neighbour, and of each node what it gives (`excess`) and takes up (`intake`).
    """
    height, width = labels.shape
    stride = width + 2
    room[:] = 0
    intake[:] = 0
    for y in range(height):
        for x in range(width):
            own = labels[y, x]
            node = (y + 1) * stride + x + 1
            intake[node] += unary[alpha, y, x] - unary[own, y, x]
            if x < width - 1:
                _link(own, labels[y, x + 1], across[y, x], apart, alpha, node, node + 1, room[1], intake)
            if y < height - 1:
                _link(own, labels[y + 1, x], down[y, x], apart, alpha, node, node + stride, room[3], intake)
    for node in range(intake.size):
        excess[node] = max(-intake[node], 0)
        intake[node] = max(intake[node], 0)


@compiled_exactly
def _link(own, other, weight, apart, alpha, node, near, back, intake):
    """Add two neighbours' cost: to what they give and take up, and as the room `back` to `node`."""
    kept, own_takes = weight * apart[own, other], weight * apart[alpha, other]
    intake[node] += own_takes - kept
    intake[near] -= own_takes
    back[near] = weight * apart[own, alpha] + own_takes - kept


@compiled_exactly
def cut_graph(stride, room, excess, intake, heights, queue, queued, ring):
    """Push until all is taken up that can be; returns whether something is left, and all heights are right.

    `room`, `excess` and `intake` are those of the graph and are used up; the rest is for working in: of one
    entry a node, but `ring` of three.
    """
    nodes = excess.size
    _line_up(stride, room, excess, intake, heights, queue, queued, ring)
    raised = 0
    while ring[WAITING] > 0:
        node = queue[ring[HEAD]]
        ring[HEAD] = (ring[HEAD] + 1) % nodes
        ring[WAITING] -= 1
        queued[node] = False
        raised += _give(node, stride, room, excess, intake, heights, queue, queued, ring)
        if raised > WORK * nodes:
            raised = 0
            _line_up(stride, room, excess, intake, heights, queue, queued, ring)
    measure_heights(stride, room, intake, heights, queue)
    left = False
    for node in range(nodes):
        left = left or excess[node] > 0
    return left


@compiled_exactly
def _line_up(stride, room, excess, intake, heights, queue, queued, ring):
    """Measure heights, and let all wait for their turn that have something to give and somewhere to."""
    measure_heights(stride, room, intake, heights, queue)
    ring[:] = 0
    queued[:] = False
    for node in range(excess.size):
        if excess[node] > 0 and heights[node] < UNREACHED:
            _wait(node, queue, queued, ring)


@compiled_exactly
def take_label(alpha, heights, labels):
    """Give `alpha` to the pixels from which nothing that takes up can be reached."""
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            if heights[(y + 1) * (width + 2) + x + 1] == UNREACHED:
                labels[y, x] = alpha


@compiled_exactly
def measure_heights(stride, room, intake, heights, queue):
    """Steps from each node to the nearest that takes up and is beyond it: 1 for those that do."""
    count = 0
    for node in range(intake.size):
        heights[node] = UNREACHED
        if intake[node] > 0:
            heights[node] = 1
            queue[count] = node
            count += 1
    at = 0
    while at < count:
        node = queue[at]
        at += 1
        for way in range(4):
            near = node + _step(way, stride)
            if room[way ^ 1, near] > 0 and heights[near] == UNREACHED:
                heights[near] = heights[node] + 1
                queue[count] = near
                count += 1


@compiled_exactly
def _step(way, stride):
    if way == 0:
        return 1
    if way == 1:
        return -1
    return stride if way == 2 else -stride


@compiled_exactly
def _wait(node, queue, queued, ring):
    """Let a node wait for its turn to give."""
    queued[node] = True
    queue[ring[TAIL]] = node
    ring[TAIL] = (ring[TAIL] + 1) % queue.size
    ring[WAITING] += 1


@compiled_exactly
def _give(node, stride, room, excess, intake, heights, queue, queued, ring):
    """Give away what a node has, downhill; where there is no way down raise it. Returns how often it was."""
    raised = 0
    while True:
        amount = min(excess[node], intake[node])
        excess[node] -= amount
        intake[node] -= amount
        lowest = UNREACHED
        for way in range(4):
            if excess[node] == 0:
                return raised
            if room[way, node] == 0:
                continue
            near = node + _step(way, stride)
            if heights[near] >= heights[node]:
                lowest = min(lowest, heights[near])
                continue
            amount = min(excess[node], room[way, node])
            room[way, node] -= amount
            room[way ^ 1, near] += amount
            excess[node] -= amount
            excess[near] += amount
            if room[way, node] > 0:
                lowest = min(lowest, heights[near])
            if not queued[near]:
                _wait(near, queue, queued, ring)
        if excess[node] == 0:
            return raised
        raised += 1
        if lowest >= UNREACHED - 1 or lowest >= excess.size:
            heights[node] = UNREACHED
            return raised
        heights[node] = lowest + 1
