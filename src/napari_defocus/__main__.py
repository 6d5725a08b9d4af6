"""``python -m napari_defocus`` is the command ``napari-defocus``."""

import sys

from napari_defocus.cli.main import main

sys.exit(main())
