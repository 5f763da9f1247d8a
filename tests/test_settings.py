"""TOML tables read strictly, on a dataclass made for the purpose."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from radiosync.errors import ConfigError
from radiosync.settings import Place, load_toml, parse_toml, read_table, sub_table, table_list

PLACE = Place("a.toml", "[colour]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    name: str
    red: Annotated[int, Meta(ge=0, le=255)]
    alpha: Annotated[float, Meta(ge=0)] = 1.0
    shiny: bool = False
    mode: Literal["web", "print"] = "web"
    tags: tuple[Annotated[str, Meta(max_length=3)], ...] = ()
    parts: Annotated[tuple[int, ...], Meta(min_length=1)] | None = None
    note: Annotated[str, Meta(description="a few words")] | None = None
    made: list[int] = field(default_factory=list)


def _problem(**values: object) -> str:
    with pytest.raises(ConfigError) as caught:
        read_table(Colour, {"name": "x", "red": 1} | values, PLACE)
    return str(caught.value).removeprefix("a.toml, [colour], key ")


def test_what_fits_is_read() -> None:
    values = {"name": "x", "red": 5, "alpha": 2, "tags": ["a", "b"], "mode": "print"}
    assert read_table(Colour, values, PLACE) == Colour(
        name="x", red=5, alpha=2.0, tags=("a", "b"), mode="print"
    )


def test_fields_that_are_ready_are_no_keys() -> None:
    assert read_table(Colour, {"red": 5}, PLACE, name="x").name == "x"
    with pytest.raises(ConfigError, match='key "name": is not known here'):
        read_table(Colour, {"red": 5, "name": "y"}, PLACE, name="x")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"reed": 1}, '"reed": is not known here; did you mean "red"?'),
        ({"zzz": 1}, '"zzz": is not known here; known are name, red, alpha, shiny'),
        ({"red": "fast"}, '"red": must be a whole number from 0 to 255, not "fast"'),
        ({"red": 1.0}, '"red": must be a whole number from 0 to 255, not 1.0'),
        ({"red": True}, '"red": must be a whole number from 0 to 255, not true'),
        ({"alpha": -1}, '"alpha": must be a number, 0 or more, not -1'),
        ({"shiny": 1}, '"shiny": must be true or false, not 1'),
        ({"mode": "Web"}, '"mode": must be one of "print", "web", not "Web"'),
        ({"tags": "a"}, '"tags": must be a list, each item text in quotes, at most 3 characters, not "a"'),
        ({"tags": ["a", "long"]}, '"tags": item 2 must be text in quotes, at most 3 characters, not "long"'),
        ({"parts": []}, '"parts": must be a list, each item a whole number, not an empty list'),
        ({"parts": [1, {}]}, '"parts": item 2 must be a whole number, not a table'),
        ({"note": 5}, '"note": must be a few words, not 5'),
        ({"name": "x" * 99, "red": "y" * 99}, '"red": must be a whole number from 0 to 255, not "yyyyyyy'),
    ],
)
def test_what_does_not_fit_is_refused_in_words(values: dict[str, object], problem: str) -> None:
    found = _problem(**values)
    assert found.startswith(problem)
    assert len(found) < 150


def test_a_missing_key_is_named_with_what_it_must_be() -> None:
    with pytest.raises(ConfigError, match='key "red": is missing; it must be a whole number from 0 to 255'):
        read_table(Colour, {"name": "x"}, PLACE)


def test_tables_in_tables() -> None:
    top = Place("a.toml")
    assert sub_table({"a": {"b": 1}}, "a", top) == {"b": 1}
    assert sub_table({}, "a", top) == {}
    with pytest.raises(ConfigError, match=r'^a\.toml, key "a": must be a table, not 5$'):
        sub_table({"a": 5}, "a", top)
    assert [place.table for place, _ in table_list({"a": [{}, {}]}, "a", top)] == [
        "[[a]] number 1",
        "[[a]] number 2",
    ]
    with pytest.raises(ConfigError, match=r"must be written as \[\[a\]\]"):
        list(table_list({"a": {"b": 1}}, "a", top))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    with pytest.raises(ConfigError, match=r"a\.toml: cannot be read: No such file"):
        load_toml(path)
    path.write_bytes(b"a = 1\nb = '\xe9'\n")
    with pytest.raises(ConfigError, match=r"a\.toml, line 2: is not UTF-8"):
        load_toml(path)
    path.write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert load_toml(path) == {"a": 1}


@given(st.text(max_size=40))
def test_rubbish_is_toml_or_a_config_error(text: str) -> None:
    try:
        parse_toml(text, "a.toml")
    except ConfigError as error:
        assert str(error).startswith("a.toml: is not TOML: ")  # noqa: PT017 - both ways out are right


def test_toml_that_is_nested_too_deeply() -> None:
    with pytest.raises(ConfigError, match="is not TOML"):
        parse_toml("a = " + "[" * 100_000, "a.toml")
