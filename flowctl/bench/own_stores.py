"""What fills stores of its own touches nobody else's."""

import os

from flowctl.errors import FlowctlError

_STORES = ("FLOWCTL_DATABASE_URL", "FLOWCTL_VALKEY_URL")


def refuse_other_stores() -> None:
    """Refuse to start where the environment names a store.

    Raises
    ------
    FlowctlError
        It does: whoever set it may believe that it is filled, or measured.
    """
    for name in _STORES:
        if os.environ.get(name):
            raise FlowctlError(f"This starts stores of its own and fills them; unset {name}.")
