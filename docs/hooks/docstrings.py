"""From the roles in our docstrings to Markdown."""

import re
from typing import Any

from griffe import Extension, Object

import napari_defocus

ROLE = re.compile(r":(?:class|func|meth|attr|mod|data):`~?\.?([\w.]+)`")


class Roles(Extension):
    """Turns ``:func:`solve``` into a link where the API page has the name, else into code."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            text = ROLE.sub(_link, obj.docstring.value)
            obj.docstring.value = re.sub(r"::$", ":", text, flags=re.MULTILINE)


def _link(found: re.Match[str]) -> str:
    name = found[1]
    first, _, rest = name.removeprefix("napari_defocus.").partition(".")
    if first in napari_defocus.__all__ and not rest:
        return f"[`{name}`][napari_defocus.{first}]"
    return f"`{name}`"
