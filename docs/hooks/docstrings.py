"""How the API page reads our code and docstrings."""

import re
from typing import Any

from griffe import Alias, Extension, Module, Object

import napari_defocus

ROLE = re.compile(r":(?:class|func|meth|attr|mod|data):`~?\.?([\w.]+)`")
"""A name that is referred to; a link where the API page has it, else code."""

CHOICES = re.compile(r"^(\s*[\w, ]+ : )\{([^}]*)\}", re.MULTILINE)
"""Values to choose from: Griffe would take the first for the default."""

SHAPE = re.compile(r"^(\s*[\w, ]+ : [\w.]+),? \(", re.MULTILINE)
"""An array with its shape: Griffe would read it as a tuple of types."""

LITERAL = re.compile(r"::$", re.MULTILINE)


class PublicNames(Extension):
    """Finds what a public name stands for: some functions have the name of the module they are in."""

    def on_package(self, *, pkg: Module, **kwargs: Any) -> None:
        """Let each public name of the package point at where it is defined."""
        for name in napari_defocus.__all__:
            found = getattr(napari_defocus, name)
            if pkg.members[name].is_alias and hasattr(found, "__qualname__"):
                pkg.set_member(name, Alias(name, f"{found.__module__}.{found.__qualname__}", parent=pkg))


class Markup(Extension):
    """From what our docstrings are written in to what Griffe and Markdown understand."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            text = ROLE.sub(_link, obj.docstring.value)
            text = CHOICES.sub(lambda found: found[1] + found[2].replace(", ", " or "), text)
            text = SHAPE.sub(r"\1 of shape (", text)
            obj.docstring.value = LITERAL.sub(":", text)


def _link(found: re.Match[str]) -> str:
    name = found[1]
    first, _, rest = name.removeprefix("napari_defocus.").partition(".")
    if first in napari_defocus.__all__ and not rest:
        return f"[`{name}`][napari_defocus.{first}]"
    return f"`{name}`"
