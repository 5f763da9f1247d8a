"""Things numbered in the order of their first mention."""

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Numbering(Generic[T]):
    """A list without repetitions, and the way back from a thing to its place.

    Attributes:
        items: the things by number. Only `add` may change it.
    """

    __slots__ = ("_numbers", "items")

    def __init__(self, items: Iterable[T] = ()) -> None:
        self.items: list[T] = []
        self._numbers: dict[T, int] = {}
        self.extend(items)

    def __len__(self) -> int:
        return len(self.items)

    def __contains__(self, item: T) -> bool:
        return item in self._numbers

    def __getitem__(self, item: T) -> int:
        """The number of a thing. Raises KeyError if it has none."""
        return self._numbers[item]

    def add(self, item: T) -> int:
        """The number of a thing, the next one if it has none yet."""
        number = self._numbers.setdefault(item, len(self.items))
        if number == len(self.items):
            self.items.append(item)
        return number

    def get(self, item: T, default: int) -> int:
        """The number of a thing, `default` if it has none."""
        return self._numbers.get(item, default)

    def extend(self, items: Iterable[T]) -> int:
        """Number things; how many of them had no number yet."""
        before = len(self.items)
        for item in items:
            self.add(item)
        return len(self.items) - before

    def copy(self) -> "Numbering[T]":
        """One that can grow on its own."""
        other = Numbering[T]()
        other.items, other._numbers = self.items.copy(), self._numbers.copy()
        return other
