"""What every package and every limit says about itself."""

import ast
from pathlib import Path

import pytest

from tests.project.checkout import ROOT, short_name, tracked_files_ending

SOURCES = [
    path
    for path in tracked_files_ending(".py")
    if short_name(path).startswith(("radiosync/", "sim/radiosync_sim/"))
]
# alembic runs these by path; they are scripts and no package.
PACKAGES = sorted({path.parent for path in SOURCES if "migrations" not in path.parts})


@pytest.mark.parametrize("package", PACKAGES, ids=short_name)
def test_a_package_says_what_it_is_for(package: Path) -> None:
    start = package / "__init__.py"
    assert start.is_file(), f"{short_name(package)} has modules and no __init__.py"
    assert ast.get_docstring(ast.parse(start.read_text("utf-8"))), f"{short_name(start)} has no docstring"


def _constants_without_reason(source: str) -> list[str]:
    body = ast.parse(source).body
    missing = []
    for statement, follower in zip(body, [*body[1:], None], strict=True):
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                if name.isupper() and not _is_text(follower):
                    missing.append(name)
            case _:
                pass
    return missing


def _is_text(statement: ast.stmt | None) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return bool(text.strip())
        case _:
            return False


def test_each_limit_has_its_reason_beside_it() -> None:
    source = (ROOT / "radiosync/limits.py").read_text("utf-8")
    assert _constants_without_reason(source) == []


def test_a_limit_without_a_reason_is_found() -> None:
    source = 'A: int = 1\n"""Because."""\nB: int = 2\nC = 3\n"""Why."""\nD = 4\n" "\n'
    assert _constants_without_reason(source) == ["B", "D"]
