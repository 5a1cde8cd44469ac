"""Build programs from their Go modules, whose sums Go itself checks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from toolchain.errors import SourceError
from toolchain.lookup import PACKAGE
from toolchain.model import GoModule, Program

_SHOWN_LINES = 6


def build(program: Program, folder: Path) -> None:
    """Build the program's modules and put the executables into `folder`/bin, or raise SourceError."""
    go = shutil.which("go") or "go"
    for module in program.modules:
        with tempfile.TemporaryDirectory(dir=folder, prefix="go-") as work:
            _build(go, module, Path(work), folder / "bin")
    update_scripts(program, folder / "bin")


def update_scripts(program: Program, folder: Path) -> None:
    """Put the program's scripts of this checkout next to its executables, each in one step."""
    for script in program.scripts:
        source, target = PACKAGE / "engine" / script, folder / script
        if not target.exists() or target.read_bytes() != source.read_bytes():
            partial = target.with_name(f"{script}.{os.getpid()}")
            shutil.copy2(source, partial)
            partial.replace(target)


def _build(go: str, module: GoModule, work: Path, target: Path) -> None:
    """Build with a copy of the module's own go.mod, which keeps its replacements and pinned sums.

    `go install module@version` refuses modules that replace others.
    """
    code = PACKAGE / module.folder if module.folder else source(go, f"{module.path}@{module.tag}", work)
    modfile = work / "go.mod"
    modfile.write_bytes((code / "go.mod").read_bytes())
    (work / "go.sum").write_bytes((code / "go.sum").read_bytes())
    if not module.folder:
        _drop_local_replacements(go, modfile)
    linker = "-s -w"
    if module.version_variable:
        linker += f" -X {module.version_variable}={module.version}"
    options = [f"-modfile={modfile}", "-mod=mod", "-trimpath", f"-tags={module.tags}", f"-ldflags={linker}"]
    _go(go, work, "build", "-C", str(code), *options, "-o", f"{target}{os.sep}", *module.packages)


def source(go: str, module: str, work: Path) -> Path:
    """Download a module, ``path@version``, and return its folder in Go's module cache."""
    answer: dict[str, Any] = json.loads(_go(go, work, "mod", "download", "-json", module))
    return Path(answer["Dir"])


def _drop_local_replacements(go: str, modfile: Path) -> None:
    """Drop replacements by neighbouring folders, which the module does not contain."""
    content: dict[str, Any] = json.loads(_go(go, modfile.parent, "mod", "edit", "-json", str(modfile)))
    for replacement in content.get("Replace") or []:
        if replacement["New"]["Path"].startswith("."):
            old = replacement["Old"]
            name = f"{old['Path']}@{old['Version']}" if old.get("Version") else old["Path"]
            _go(go, modfile.parent, "mod", "edit", f"-dropreplace={name}", str(modfile))


def _go(go: str, work: Path, *arguments: str) -> str:
    environment = {**os.environ, "GOWORK": "off", "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    try:
        done = subprocess.run(
            [go, *arguments],
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise SourceError(f"{go} cannot be started ({error})") from None
    if done.returncode:
        # `go mod download -json` writes its error into the answer.
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()[-_SHOWN_LINES:]
        raise SourceError("\n      ".join([f"`go {arguments[0]}` failed:", *lines]))
    return done.stdout
