"""What a stack is, from its headers, before it is run."""

from napari_defocus.batch.item import Item, State
from napari_defocus.batch.plan import Fallback
from napari_defocus.errors import InputError, one_sentence
from napari_defocus.io import FocalStack, read_focal_stack

NO_OPTICS = (
    "It brings no complete optics; put an optics.toml beside its images, or choose optics for such stacks."
)


def open_item(item: Item) -> tuple[Item, FocalStack]:
    """Read the headers of a stack.

    Raises
    ------
    InputError
        As :func:`napari_defocus.read_focal_stack`.
    """
    stack = read_focal_stack(list(item.source) if isinstance(item.source, tuple) else item.source)
    waiting = item.to(
        State.WAITING,
        shape=tuple(stack.images.shape),
        own_optics=stack.optics is not None,
        optics_from=stack.optics_from or "",
    )
    return waiting, stack


def inspect(item: Item) -> Item:
    """Return the item, waiting, with its shape and its optics' origin; failed where it is no stack."""
    try:
        return open_item(item)[0]
    except Exception as error:  # whatever is wrong with the file, the user has to be told
        return item.to(State.FAILED, one_sentence(error))


def offer_optics(item: Item, fallback: Fallback, name: str) -> Item:
    """Give optics to a waiting item that brings none; it needs optics where they do not fit.

    Parameters
    ----------
    item : Item
        Only those that wait or need optics are changed.
    fallback : callable
        See :class:`Plan`.
    name : str
        What the user calls them.
    """
    if item.own_optics or item.shape is None or item.state not in (State.WAITING, State.NEEDS_OPTICS):
        return item
    try:
        optics = fallback(item.shape[0])
    except InputError as error:
        return item.to(State.NEEDS_OPTICS, str(error), optics_from="")
    if optics is None:
        return item.to(State.NEEDS_OPTICS, NO_OPTICS, optics_from="")
    return item.to(State.WAITING, optics_from=name)
