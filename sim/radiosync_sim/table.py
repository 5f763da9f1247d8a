"""One table of a scenario's file, read key by key: typed values, and faults that say where they are."""

from collections.abc import Collection, Mapping

from radiosync_sim.errors import ScenarioError


class Table:
    """One table of the file: hands out each key once, typed, and knows what is left over.

    Every method but the first raises ScenarioError when what stands there is not what it hands out.
    """

    def __init__(self, where: str, values: Mapping[str, object]) -> None:
        self._where = where
        self._values = dict(values)

    def fault(self, key: str, problem: str) -> ScenarioError:
        """What is wrong with the value of a key."""
        return ScenarioError(f"{self._where}, key {key!r}: {problem}")

    def refuse_rest(self) -> None:
        """Raise ScenarioError if a key is left that nobody has asked for."""
        for key in self._values:
            raise self.fault(key, "is not a key that a scenario has here")

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self._take(key)
        if not isinstance(value, str) or not value:
            raise self.fault(key, "must be a text")
        return value

    def optional_text(self, key: str) -> str | None:
        """The same, or None without the key."""
        return self.text(key) if key in self._values else None

    def texts(self, key: str) -> Collection[str]:
        """A list of texts, empty without the key."""
        value = self._values.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fault(key, "must be a list of texts")
        return value

    def whole(self, key: str, *, above: int = -1) -> int:
        """A whole number."""
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or value <= above:
            raise self.fault(key, f"must be a whole number, {above + 1} or more")
        return value

    def optional_whole(self, key: str, *, above: int = -1) -> int | None:
        """The same, or None without the key."""
        return self.whole(key, above=above) if key in self._values else None

    def number(
        self, key: str, *, default: float | None = None, above: float = -1, below: float = 1e9
    ) -> float:
        """A number. Without the key the default, if there is one."""
        if key not in self._values and default is not None:
            return default
        value = self._take(key)
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or not 0 <= value < below
            or value <= above
        ):
            least = f"above {above:g}" if above >= 0 else "0 or more"
            raise self.fault(key, f"must be a number, {least} and below {below:g}")
        return float(value)

    def optional_number(self, key: str, *, above: float = -1) -> float | None:
        """A number, or None without the key."""
        return self.number(key, above=above) if key in self._values else None

    def flag(self, key: str) -> bool:
        """True or false; false without the key."""
        value = self._values.pop(key, False)
        if not isinstance(value, bool):
            raise self.fault(key, "must be true or false")
        return value

    def table(self, key: str) -> "Table":
        """A table within this one."""
        value = self._take(key)
        if not isinstance(value, dict):
            raise self.fault(key, "must be a table")
        return Table(f"{self._where}, table [{key}]", value)

    def optional_table(self, key: str) -> "Table | None":
        """The same, or None without the key."""
        return self.table(key) if key in self._values else None

    def tables(self, key: str) -> list["Table"]:
        """All tables of that name, none without the key."""
        value = self._values.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fault(key, f"must be tables, written as [[{key}]]")
        return [Table(f"{self._where}, table [[{key}]] number {n}", item) for n, item in enumerate(value, 1)]

    def _take(self, key: str) -> object:
        if key not in self._values:
            raise self.fault(key, "is missing")
        return self._values.pop(key)
