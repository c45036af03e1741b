"""What a public repository and a Space promise: sizes, front matter, weights with cards, nothing of one machine."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from models.weights import PRETRAINED_DIR, compute_sha256, load_card
from textrec_app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE_BYTES = 12 * 1024 * 1024
TEXT_SUFFIXES = {
    "",
    ".cfg",
    ".css",
    ".html",
    ".ini",
    ".js",
    ".json",
    ".mako",
    ".md",
    ".py",
    ".sh",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
}
# Spelled in pieces, so that this file does not name them.
MACHINE_PATHS = re.compile(r"(?<![\w.~])/(?:" + "|".join(("wo" + "rk", "ro" + "ot", "fa" + "rm")) + r")/\w")
REGISTRY_HOSTS = re.compile(
    "|".join((r"pypi\." + "org", r"pythonhosted\." + "org", r"deb\." + "debian", r"npmjs\." + "(?:org|com)"))
)


def list_repository_files() -> list[Path]:
    """Files that are tracked or would be: what git ignores is no part of the repository."""
    git = shutil.which("git")
    assert git is not None, "the tests of the repository need git"
    listing = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [ROOT / name for name in sorted(set(listing.split("\0"))) if name and (ROOT / name).is_file()]


def find_in_texts(pattern: re.Pattern[str]) -> list[str]:
    """Places, as path:line, where a text file of the repository matches."""
    places = []
    for path in list_repository_files():
        if path.suffix not in TEXT_SUFFIXES:
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        places += [f"{path.relative_to(ROOT)}:{number}" for number, line in enumerate(lines, 1) if pattern.search(line)]
    return places


def read_requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    wanted = [line.split("#")[0].strip() for line in lines]
    return [Requirement(line) for line in wanted if line and not line.startswith("-r ")]


def read_front_matter() -> dict[str, object]:
    _, head, body = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    assert body.strip(), "README.md has no text after its front matter"
    return yaml.safe_load(head)


def test_app_is_a_starter_only():
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) <= 30


def test_python_files_are_short():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in list_repository_files()
        if path.suffix == ".py"
    }
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_files_are_small_enough_for_plain_git():
    sizes = {str(path.relative_to(ROOT)): path.stat().st_size for path in list_repository_files()}
    assert {name: size for name, size in sizes.items() if size > MAX_FILE_BYTES} == {}


def test_tests_are_no_package():
    assert [path for path in list_repository_files() if path.name == "__init__.py" and "tests" in path.parts] == []


def test_texts_name_no_path_of_one_machine():
    assert find_in_texts(MACHINE_PATHS) == []


def test_texts_name_no_package_registry():
    assert find_in_texts(REGISTRY_HOSTS) == []


def test_front_matter_starts_a_space():
    front_matter = read_front_matter()
    assert front_matter["sdk"] == "gradio"
    assert front_matter["app_file"] == "app.py"
    assert front_matter["python_version"] == "3.12"
    assert front_matter["license"] == "apache-2.0"
    assert {"title", "emoji", "colorFrom", "colorTo", "short_description", "suggested_hardware"} <= set(front_matter)
    assert len(str(front_matter["short_description"])) <= 60


def test_space_runs_a_gradio_that_the_app_supports():
    gradio = next(item for item in read_requirements("requirements.txt") if item.name == "gradio")
    assert gradio.specifier.contains(str(read_front_matter()["sdk_version"]))


def test_readme_begins_with_the_two_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)[2]
    first_screen = "\n".join(text.splitlines()[:30])
    assert "make serve" in first_screen
    assert "make test" in first_screen
    assert "![" in first_screen
    assert "|---|" in first_screen


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/TRAINING.md", "docs/LOG.md"])
def test_links_inside_the_repository_lead_somewhere(page: str):
    path = ROOT / page
    targets = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    local = [target.split("#")[0] for target in targets if "://" not in target and not target.startswith("#")]
    assert [target for target in local if not (path.parent / target).exists()] == []


def test_every_setting_is_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    variables = [f"TEXTREC_{name.upper()}" for name in Settings.model_fields]
    assert [variable for variable in variables if f"`{variable}`" not in text] == []


def test_requirements_parse_and_torch_is_one_pair():
    app = {item.name: item for item in read_requirements("requirements.txt")}
    assert {"torch", "torchvision", "gradio", "huggingface_hub"} <= set(app)
    exact = [name for name, item in app.items() if any(clause.operator in {"==", "==="} for clause in item.specifier)]
    assert exact == []
    assert app["huggingface_hub"].specifier.contains("1.16.0")
    assert not app["gradio"].specifier.contains("7.0.0")
    assert "-r requirements.txt" in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    assert read_requirements("requirements-dev.txt")


def test_apt_packages_are_one_name_a_line():
    lines = (ROOT / "packages.txt").read_text(encoding="utf-8").splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", line)] == []


def test_ci_runs_checks_and_tests():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make check test" in script.read_text(encoding="utf-8")


def test_licence_is_apache():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_both_networks_are_shipped():
    assert {path.name for path in PRETRAINED_DIR.glob("*.safetensors")} >= {
        "detector.safetensors",
        "recognizer.safetensors",
    }


def test_every_shipped_weight_has_its_own_card():
    stems = {path.stem for path in PRETRAINED_DIR.glob("*.safetensors")}
    assert stems == {path.stem for path in PRETRAINED_DIR.glob("*.json")}
    for stem in stems:
        path = PRETRAINED_DIR / f"{stem}.safetensors"
        card = load_card(path)
        assert card.sha256 == compute_sha256(path), stem
        assert path.stat().st_size <= MAX_FILE_BYTES, stem


def test_cards_tell_where_the_weights_come_from():
    for path in sorted(PRETRAINED_DIR.glob("*.json")):
        card = json.loads(path.read_text(encoding="utf-8"))
        told = (
            "name",
            "version",
            "task",
            "architecture",
            "recipe",
            "data",
            "metrics",
            "created_utc",
            "sha256",
            "license",
        )
        assert [key for key in told if not card.get(key)] == [], path.name


@pytest.mark.parametrize("script", sorted(path.stem for path in (ROOT / "docs" / "benchmarks").glob("*.py")))
def test_a_script_of_the_docs_runs_as_the_docs_say(script: str) -> None:
    command = [sys.executable, "-m", f"docs.benchmarks.{script}", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert f"python -m docs.benchmarks.{script}" in done.stdout
