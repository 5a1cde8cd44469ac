"""The shell environment in which plain `pulumi` works from a checkout."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Iterable
from pathlib import Path

from toolchain import lookup
from toolchain.errors import ToolchainError
from toolchain.installation import OFFLINE


def passphrase_file() -> Path:
    """Return the file with the passphrase that encrypts the secrets in the state."""
    default = Path.home() / ".config"
    return Path(os.environ.get("XDG_CONFIG_HOME") or default) / "observability" / "passphrase"


def ensure_passphrase() -> Path:
    """Generate the passphrase when there is none yet, readable by its owner only, and return its file."""
    path = passphrase_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        if not path.exists():
            # Written elsewhere first: a passphrase that was cut off would lock its user out later.
            descriptor, partial = tempfile.mkstemp(dir=path.parent)  # with mode 0600
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32) + "\n")
            try:
                # Unlike a rename, a link never replaces the passphrase of a set-up that ran at the same time.
                path.hardlink_to(partial)
            except FileExistsError:
                pass
            finally:
                Path(partial).unlink()
        path.chmod(0o600)
    except OSError as error:
        raise ToolchainError(
            f"The passphrase file {path} cannot be written ({error.strerror}).\n"
            "  Set XDG_CONFIG_HOME to a folder that can, or set PULUMI_CONFIG_PASSPHRASE_FILE."
        ) from None
    return path


def logged_in() -> bool:
    """Say whether the user has chosen a backend with `pulumi login`."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        return bool(json.loads((home / "credentials.json").read_text()).get("current"))
    except (OSError, ValueError, AttributeError):
        return False


def exports(folders: Iterable[Path], checkout: Path = lookup.CHECKOUT) -> dict[str, str]:
    """Return the variables to set; what the user has set already is left alone.

    `folders` contain the programs. Makes the folder of the state and the passphrase where they are needed.
    """
    path = [str(checkout / ".venv" / "bin"), *dict.fromkeys(str(folder) for folder in folders)]
    present = os.get_exec_path()
    variables = {
        "PATH": os.pathsep.join([*path, *(folder for folder in present if folder not in path)]),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    if "PULUMI_BACKEND_URL" not in os.environ and not logged_in():
        state = checkout / ".state" / "pulumi"
        state.mkdir(parents=True, exist_ok=True)
        variables["PULUMI_BACKEND_URL"] = state.as_uri()
    if not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & os.environ.keys():
        variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(ensure_passphrase())
    if (lookup.cache_folder() / OFFLINE).exists():
        # The engine would try to download the plugin of every installed SDK, again and again.
        variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    return variables
