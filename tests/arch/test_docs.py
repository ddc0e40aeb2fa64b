"""What the documents say is so."""
from __future__ import annotations

import re
from pathlib import Path

from traceapp.cli import parser

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_settings_is_the_code_s() -> None:
    documented = set(re.findall(r"`(TRACEAPP_[A-Z_]+)`", README.split("## Settings")[1].split("## For a real plant")[0]))
    source = (ROOT / "traceapp" / "config.py").read_text(encoding="utf-8")
    read = {f"TRACEAPP_{name}" for name in re.findall(r'PREFIX \+ "([A-Z_]+)"', source)}
    secrets = {f"TRACEAPP_{name}{ending}" for name in (
        "SECRET_KEY", "VAULT_KEY", "CODE_KEYS", "METRICS_TOKEN", "TEXT_TOKEN")
               for ending in ("", "_FILE")}
    assert documented == read | secrets


def test_every_command_that_the_readme_names_exists() -> None:
    known = next(action.choices for action in parser()._actions if action.dest == "command")
    named = set(re.findall(r"^traceapp ([a-z]+)", README, flags=re.MULTILINE)) | set(
        re.findall(r"`traceapp ([a-z]+)", README))
    assert named <= set(known)


def test_the_readme_opens_with_the_two_commands() -> None:
    first_block = re.search(r"```console\n(.*?)```", README, flags=re.DOTALL)
    assert first_block is not None
    assert first_block.group(1).splitlines() == ["python3 dev.py run", "python3 dev.py test"]


def test_the_order_of_packages_is_told_as_it_is_checked() -> None:
    told = re.search(r"^`cli` >.*?`core`$", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"),
                     flags=re.DOTALL | re.MULTILINE)
    assert told is not None
    layers = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("layers = [")[1].split("]")[0]
    checked = [re.sub(r"[()]", "", layer) for layer in re.findall(r'"([^"]+)"', layers)]
    checked = [" | ".join(name for name in layer.split(" | ") if name != "rules") for layer in checked]
    assert re.findall(r"`([^`]+)`", told.group(0)) == checked


def test_links_between_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name}: {target}"
