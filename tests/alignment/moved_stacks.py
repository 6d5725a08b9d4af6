"""Small focal stacks whose planes were moved by a known motion."""

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter

from napari_defocus.alignment import Motion

SHAPE = (120, 160)


def scene(shape=SHAPE, seed=0):
    """Texture with detail at several scales, in [0, 1], with a wide border around `shape`."""
    rng = np.random.default_rng(seed)
    wide = shape[0] + 64, shape[1] + 64
    layers = [gaussian_filter(rng.standard_normal(wide), s) for s in (0.8, 2, 5)]
    image = sum(layer / layer.std() for layer in layers)
    return (image - image.min()) / np.ptp(image)


def moved_stack(motions, *, shape=SHAPE, blur=None, noise=0.0, seed=0):
    """Planes of one scene: plane k shows a point of the scene where ``motions[k]`` puts it; float, [0, 1].

    Plane k is blurred by a Gaussian of standard deviation ``blur[k]`` px (default: sharpest in the middle).
    """
    image = scene(shape, seed)
    middle = len(motions) // 2
    blur = [0.4 + 0.7 * abs(k - middle) for k in range(len(motions))] if blur is None else blur
    planes = []
    for motion, sigma in zip(motions, blur, strict=True):
        matrix, offset = motion.inverse().affine(image.shape)
        moved = affine_transform(gaussian_filter(image, sigma), matrix, offset, order=3, mode="reflect")
        planes.append(moved[32:-32, 32:-32])
    return np.stack(planes) + noise * np.random.default_rng(seed + 1).standard_normal((len(motions), *shape))


def breathing(planes, growth, shape=SHAPE):
    """Motions of a lens whose scale grows evenly by `growth` from the first plane to the last."""
    return [Motion(scale=float(1 + growth * t)) for t in np.linspace(-0.5, 0.5, planes)]


def relative(motions, reference):
    """Motions as an alignment reports them: those of the planes, seen from the reference."""
    return [motion.after(motions[reference].inverse()) for motion in motions]


def miss(found, true, shape=SHAPE):
    """How far apart two motions put the corner where they differ most, px."""
    corners = [complex(x, y) / 2 for x in (-shape[1], shape[1]) for y in (-shape[0], shape[0])]
    return max(abs((found.factor - true.factor) * corner + found.offset - true.offset) for corner in corners)
