"""The command ``napari-defocus``; needs neither napari nor Qt."""
