"""Focal stacks of made-up scenes, by rays through a finite aperture, with the truth about them.

Nothing here knows the solver or its model of blur.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submodules=["scenes", "textures"],
    submod_attrs={
        "render": ["RenderedStack", "render_focal_stack", "true_depth"],
        "scene": ["Cylinder", "HeightField", "Light", "Rectangle", "Scene", "Sphere"],
        "sensor": ["Sensor"],
        "textures": ["Texture"],
        "view": ["View"],
    },
)
