"""The wheel works away from the checkout: program, simulator, scenarios and modem profiles."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.project.checkout import ROOT, project_settings

DATA = {"sim/scenarios": "radiosync_sim/scenarios", "firmware_profiles": "radiosync/profiles/data"}
HAS_CLI = (ROOT / "radiosync/cli/__init__.py").is_file()

# Prints where each package was found, and what lies in the two folders of data.
LOOK = """
import importlib, importlib.resources as resources, json, sys
data = {"radiosync_sim/scenarios": ("radiosync_sim", "scenarios"), "radiosync/profiles/data": ("radiosync.profiles", "data")}
print(json.dumps({
    "found": [importlib.import_module(name).__file__ for name in ("radiosync", "radiosync_sim")],
    "data": {name: sorted(entry.name for entry in resources.files(package).joinpath(folder).iterdir())
             for name, (package, folder) in data.items()},
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target), folder=ROOT)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh environment with the wheel; it borrows our libraries, but not our checkout."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin/python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    _run(*pip, "install", "-qq", "--no-deps", "--no-index", str(wheel), folder=home)
    # A path named in a .pth is searched, but the .pth files in it are not read: so the editable install stays hidden.
    own = Path(
        _run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=home).strip()
    )
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (own / "libraries.pth").write_text("".join(f"{path}\n" for path in sorted(libraries)), "utf-8")
    return home / "bin"


def _run(*command: str, folder: Path) -> str:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PIP_"))}
    done = subprocess.run(
        command, cwd=folder, env=clean, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_wheel_holds_packages_data_and_licence_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    version = project_settings()["version"]
    assert {name.split("/")[0] for name in names} == {
        "radiosync",
        "radiosync_sim",
        f"radiosync-{version}.dist-info",
    }
    assert f"radiosync-{version}.dist-info/licenses/LICENSE" in names
    assert "radiosync/py.typed" in names
    assert not [name for name in names if "__pycache__" in name or "_cache/" in name]


@pytest.mark.parametrize("source", DATA)
def test_the_wheel_holds_each_file_of_data_unchanged(wheel: Path, source: str) -> None:
    originals = {path.name: path.read_bytes() for path in (ROOT / source).glob("*.toml")}
    assert originals, f"{source} is empty"
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(f"{DATA[source]}/{name}") for name in originals}
    assert held == originals


def test_packages_and_data_are_found_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    answer = json.loads(_run(str(installed / "python"), "-c", LOOK, folder=tmp_path))
    home = installed.parent
    assert all(Path(found).is_relative_to(home) for found in answer["found"]), answer["found"]
    for source, target in DATA.items():
        assert {path.name for path in (ROOT / source).glob("*.toml")} <= set(answer["data"][target])


@pytest.mark.skipif(not HAS_CLI, reason="radiosync.cli does not exist yet")
def test_the_command_answers_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    assert "Usage: radiosync" in _run(str(installed / "radiosync"), "--help", folder=tmp_path)


@pytest.mark.skipif(not HAS_CLI, reason="radiosync.cli does not exist yet")
def test_the_command_finds_its_scenarios_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    listing = _run(str(installed / "radiosync"), "sim", "list", folder=tmp_path)
    assert [path.stem for path in (ROOT / "sim/scenarios").glob("*.toml") if path.stem not in listing] == []
