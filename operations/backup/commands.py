"""The commands ``backup``, ``verify-backup`` and ``restore``; their exit status suits cron."""

from __future__ import annotations

import argparse
import sys
import tarfile
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from operations.backup import archive, report
from operations.backup.archive import Archive, DamagedError
from operations.backup.places import PlaceError, Places
from operations.stack import StackUnavailableError, outputs
from operations.stack_file import FOLDER, settings
from targets import TARGETS, RuntimeKind

FAILURES = (PlaceError, DamagedError, OSError, HTTPException, *archive.UNREADABLE)
_MIB = 1024 * 1024


def arguments(name: str, command: argparse.ArgumentParser) -> None:
    """Add what one of the three commands takes beside ``--stack``."""
    if name == "restore":
        command.add_argument("archive", type=Path, help="the .tar.gz to restore")
        command.add_argument(
            "--into", default="", help="a fresh folder or volume (default: where the product looks)"
        )
        return
    command.add_argument("products", nargs="*", metavar="PRODUCT", help="whose data (default: all)")
    command.add_argument("--folder", type=Path, help="where backups are (default: .state/backups/STACK)")
    if name == "backup":
        command.add_argument(
            "--keep", type=int, default=7, help="backups of a product to keep (default: %(default)s)"
        )


def backup(chosen: argparse.Namespace) -> int:
    """Back up the data of products; return 1 where one failed."""
    if chosen.keep < 1:
        raise StackUnavailableError(f"--keep: at least 1 backup must be kept, got {chosen.keep}")
    places, folder = places_of(chosen.stack), _folder(chosen)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def one(product: str) -> str:
        made = archive.new(folder, product, datetime.now(UTC))
        if made.path.exists():
            raise PlaceError(f"{made.path} is there already; another backup is being made")
        with TemporaryDirectory(dir=folder) as scratch, places.snapshot(product, Path(scratch)) as found:
            try:
                files = archive.write(made, found.members)
            except BaseException:
                made.remove()
                raise
        for old in archive.found(folder, product)[: -chosen.keep]:
            old.remove()
        size = sum(file.size for file in files.values())
        return (
            f"{len(files)} files, {size / _MIB:.1f} MiB in {made.path} "
            f"({made.path.stat().st_size / _MIB:.1f} MiB), held still for {found.held_seconds:.1f} s"
        )

    products = _chosen(chosen, places.products(), "data")
    return _each(chosen, folder, products, one, reports=True)


def verify(chosen: argparse.Namespace) -> int:
    """Restore the newest backup of products into a fresh place and compare; return 1 where one differs."""
    places, folder = places_of(chosen.stack), _folder(chosen)

    def one(product: str) -> str:
        newest = archive.found(folder, product)[-1]
        expected = newest.files()
        with places.trial(product, newest.path) as members:
            size = archive.compare(expected, members)
        report.prove(folder, product, datetime.now(UTC))
        return f"{newest.path.name} restored: {len(expected)} files, {size / _MIB:.1f} MiB, all equal"

    available = sorted({found.product for found in archive.all_in(folder)})
    return _each(chosen, folder, _chosen(chosen, available, f"backup in {folder}"), one)


def restore(chosen: argparse.Namespace) -> int:
    """Restore one archive into a fresh place, after comparing it with its list; return 1 where that fails."""
    found = Archive(chosen.archive.absolute())
    try:
        found.made  # noqa: B018 - refuses a name that is not a backup's
        with tarfile.open(found.path) as tar:
            archive.compare(found.files(), archive.below("", tar))
        where = places_of(chosen.stack).restore(found.product, found.path, chosen.into)
        print(f"{found.product}: restored to {where}")
    except FAILURES as error:
        print(f"error: {found.path.name}: {_reason(error)}", file=sys.stderr)
        return 1
    return 0


def places_of(stack: str) -> Places:
    """Return where the data of a stack's products are; raises `StackUnavailableError` at other targets."""
    found = settings(stack)
    target = TARGETS[found.target]
    # Imported here because no other command needs what deploys a stack.
    if target.runtime is RuntimeKind.PROCESS:
        from operations.backup.folders import Folders  # noqa: PLC0415
        from runtimes.process import LoopbackPlacement  # noqa: PLC0415

        return Folders(LoopbackPlacement(found).directory, stack)
    if target.runtime is RuntimeKind.DOCKER:
        import versions  # noqa: PLC0415
        from operations.backup.volumes import Volumes  # noqa: PLC0415
        from runtimes.docker.engine import address  # noqa: PLC0415

        return Volumes(address(target, found), stack, versions.reference(versions.LOADER, found.images))
    raise StackUnavailableError(
        f"stack {stack}: volumes of target {target.name} are backed up by snapshots of the cluster's storage"
    )


def _each(
    chosen: argparse.Namespace,
    folder: Path,
    products: Iterable[str],
    one: Callable[[str], str],
    *,
    reports: bool = False,
) -> int:
    outcomes, failed = [], False
    for product in products:
        try:
            print(f"{product}: {one(product)}")
            outcomes.append(report.Outcome(product, True if reports else None))
        except FAILURES as error:
            failed = True
            outcomes.append(report.Outcome(product, False if reports else None))
            print(f"error: {product}: {_reason(error)}", file=sys.stderr)
    try:
        report.push(str(outputs(chosen.stack)["otlp_http_endpoint"]), folder, outcomes)
    except (StackUnavailableError, KeyError, OSError, HTTPException) as error:
        print(f"warning: the stack does not hear of it: {_reason(error)}", file=sys.stderr)
    return int(failed)


def _chosen(chosen: argparse.Namespace, available: Collection[str], lacks: str) -> Collection[str]:
    unknown = [product for product in chosen.products if product not in available]
    if unknown or not available:
        what = f"{unknown[0]} has no {lacks}" if unknown else f"there is no {lacks}"
        there = f"; there are: {', '.join(available)}" if available else ""
        raise StackUnavailableError(f"stack {chosen.stack}: {what}{there}")
    asked: list[str] = chosen.products
    return asked or available


def _folder(chosen: argparse.Namespace) -> Path:
    folder: Path = chosen.folder or FOLDER / ".state" / "backups" / chosen.stack
    return folder.absolute()


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
