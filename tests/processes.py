"""Processes of this machine, as the tests look for what was left running."""

from pathlib import Path


def command_of(pid: int) -> str:
    """Return a process's command line, its words divided by spaces; empty once it has ended."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # ended, before or after the file was opened
        return ""
    return line.replace(b"\0", b" ").decode(errors="replace")


def left_running(state: Path) -> list[str]:
    """Return the command lines of processes that still run and name a state directory."""
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [line for line in map(command_of, pids) if str(state) in line]
