"""A disk of its own for the database's tables, which can be made full and roomy again.

The tables lie in a tablespace on a file system in memory; its limit can be drawn in to what is
used already, so that the next page does not fit.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

ROOM_MB = 3_000


def obstacle() -> str | None:
    """Return why no such disk can be made here, None where it can."""
    if os.geteuid() != 0:
        return "only root may mount the small disk of the disk-full scenario"
    return None


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """Mount the disk; it belongs to the user PostgreSQL runs as."""
    place.mkdir()
    owner = pwd.getpwnam("nobody")
    options = f"size={ROOM_MB}m,mode=700,uid={owner.pw_uid},gid={owner.pw_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def lay_tables_on(place: Path, database_url: str) -> None:
    """Make every table that comes after this on the disk."""
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(f"create tablespace small location '{place}'")
        conn.execute("grant create on tablespace small to public")
        conn.execute("alter database flowctl set default_tablespace = small")


@contextmanager
def full(place: Path) -> Iterator[None]:
    """Leave no room on the disk while the context lasts."""
    used_mb = shutil.disk_usage(place).used / 1024**2
    _limit(place, f"{int(used_mb) + 1}m")
    try:
        yield
    finally:
        _limit(place, f"{ROOM_MB}m")


def _limit(place: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", place], check=True)
