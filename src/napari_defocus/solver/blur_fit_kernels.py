"""Compiled kernel of the blur fit; releases the GIL."""

from napari_defocus.optics.compiling import compiled


@compiled
def ring_weights(transfer, slope, weights):
    """Weights of a ring's products in what the model explains, and how many there are.

    `transfer` and `slope` (planes,) are the transfer functions and their derivatives by the frequency.
    """
    planes = len(transfer)
    total, both, steep = 0.0, 0.0, 0.0
    for f in range(planes):
        total += transfer[f] * transfer[f]
        both += transfer[f] * slope[f]
        steep += slope[f] * slope[f]
    share = both / total
    bent = (steep - both * share) / total
    pairs = planes * (planes + 1) // 2
    place = 0
    for f in range(planes):
        for g in range(f, planes):
            straight = transfer[f] * transfer[g] / total
            weights[place] = straight
            weights[place + pairs] = -bent * straight
            place += 1
    place += pairs
    for f in range(planes):
        across = 2.0 * (slope[f] - share * transfer[f]) / total
        for g in range(planes):
            weights[place] = across * transfer[g]
            place += 1
    return place


@compiled
def most_explained(transfer, slope, products, weights, most):
    """Energy of each patch that the model explains at the best depth for each scale.

    Parameters
    ----------
    transfer, slope : (scales, depths, rings, planes), float64
        Transfer functions, and their derivatives by the frequency.
    products : (patches, k), float64
        Products of the patches' spectra, see :func:`blur_fit.packed`.
    weights : (k,), float64
        Scratch.
    most : (patches, scales), float64
        Out.
    """
    scales, depths, rings = transfer.shape[:3]
    for scale in range(scales):
        for depth in range(depths):
            place = 0
            for ring in range(rings):
                at = scale, depth, ring
                place += ring_weights(transfer[at], slope[at], weights[place:])
            for patch in range(len(products)):
                own, total = products[patch], 0.0
                for k in range(len(own)):
                    total += weights[k] * own[k]
                if depth == 0 or total > most[patch, scale]:
                    most[patch, scale] = total
