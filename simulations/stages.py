"""How far each truck of a world is: what an eye that sees everything would know."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulations.streams import Column


class Stages(NamedTuple):
    """When each truck came to each stage, epoch s, NaN where not yet; columns of shape [n].

    They are the world's own, which go on as it does: who looks at them changes nothing in them.
    ``left_at`` is when a truck left its yard, ``ignored_at`` when it was called and did not follow,
    ``turned_at`` when it went home unserved, ``gate`` which gate it goes to, ``ready_at`` when it
    is done with its checks, which may be yet to come.
    """

    gate: NDArray[np.int64]
    ready_at: Column
    yard_at: Column
    released_at: Column
    ignored_at: Column
    left_at: Column
    gate_at: Column
    start_at: Column
    clear_at: Column
    turned_at: Column
