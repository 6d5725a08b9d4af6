"""Metric depth of the bundled photographs, next to the known truth and to the classic method.

python examples/photograph_depth.py
"""

from napari_defocus import depth_from_focus, read_focal_stack, save_result, solve
from napari_defocus.io.samples import load_truth, sample_path
from napari_defocus.metrics import abs_rel, psnr

stack = read_focal_stack(sample_path("photograph"))  # its camera stands in optics.toml beside the images
true_depth, true_image = load_truth("photograph")

classic = depth_from_focus(stack.images, stack.focus, unit=stack.unit)
result = solve(stack.images, stack.optics)

for name, found in (("depth from focus", classic), ("depth from defocus", result)):
    error = abs_rel(found.depth, true_depth)
    sharpness = psnr(found.all_in_focus, true_image)
    print(f"{name:<20} relative error {error:.4f}, all-in-focus image {sharpness:.1f} dB")

print("written to", save_result(result, "photograph_result", images_dtype=stack.images.dtype, overwrite=True))
