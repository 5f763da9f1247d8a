"""The locked environment: exact versions with hashes, and no address to fetch them from."""

import re

import pytest

from tests.project.checkout import ROOT, project_settings

LOCKS = ("run", "dev")
REQUIREMENT = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[0-9][^ ;]*)(?: ; [^\\]+)?")


def _text(lock: str) -> str:
    return (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")


def _entries(lock: str) -> list[str]:
    """The requirements of a lock, each with its hashes in one line and without comments."""
    lines = [line for line in _text(lock).splitlines() if not line.lstrip().startswith("#")]
    return "\n".join(lines).replace("\\\n", "").splitlines()


def _versions(lock: str) -> dict[str, str]:
    matches = (REQUIREMENT.match(entry) for entry in _entries(lock))
    return {match["name"]: match["version"] for match in matches if match}


def _name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_each_entry_has_one_version_and_hashes(lock: str) -> None:
    entries = _entries(lock)
    assert entries
    for entry in entries:
        requirement, *hashes = entry.split("--hash=")
        assert REQUIREMENT.fullmatch(requirement.strip()), entry[:80]
        assert hashes, f"{requirement.strip()} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest.strip()) for digest in hashes), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_no_folder(lock: str) -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links|@ file|(^|\s)/", _text(lock))


def test_the_development_lock_holds_the_runtime_lock() -> None:
    run, dev = _versions("run"), _versions("dev")
    assert {name: dev.get(name) for name in run} == run


def test_every_dependency_is_locked() -> None:
    asked = {_name_of(requirement) for requirement in project_settings()["dependencies"]}
    assert asked - _versions("run").keys() == set()
