"""The napari plugin; the only folder that imports napari, Qt or magicgui."""
