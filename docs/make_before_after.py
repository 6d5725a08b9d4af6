"""Pictures of depth maps of real stacks, side by side.

    python docs/make_before_after.py OUT.png TITLE=RESULT [TITLE=RESULT ...]

Each RESULT is a folder that ``napari-defocus solve`` wrote; the last one's all-in-focus image comes first.
The stacks of docs/accuracy.md are not part of the project; it says where they come from.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from skimage.io import imread

WIDTH = 5.0  # inches, of one panel


def main(argv: list[str]) -> None:
    out, *named = argv
    results = [entry.split("=", 1) for entry in named]
    image = imread(next(Path(results[-1][1]).glob("all_in_focus.*")))
    height = WIDTH * image.shape[0] / image.shape[1]
    figure, axes = plt.subplots(1, len(results) + 1, figsize=(WIDTH * (len(results) + 1), height + 0.3))
    axes[0].imshow(image)
    axes[0].set_title("all-in-focus image")
    for axis, (title, folder) in zip(axes[1:], results, strict=True):
        axis.imshow(np.load(Path(folder) / "depth.npy"), cmap="viridis")
        axis.set_title(title)
    for axis in axes:
        axis.axis("off")
    figure.tight_layout()
    figure.savefig(out, dpi=75)


if __name__ == "__main__":
    main(sys.argv[1:])
