import subprocess
import sys


def test_importing_io_is_light():
    code = (
        "import sys, napari_defocus.io\n"
        "import napari_defocus.cli.run, napari_defocus.cli.batch, napari_defocus.cli.stacks\n"
        "heavy = {'dask', 'tifffile', 'PIL', 'imagecodecs', 'matplotlib', 'skimage', 'numba'}\n"
        "heavy |= {'napari', 'qtpy'}\n"
        "loaded = heavy & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
