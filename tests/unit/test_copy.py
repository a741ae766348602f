import struct

import numpy as np

from flowctl.storage.copy import Column, binary_copy, instants, real


def test_a_null_is_a_length_of_minus_one_and_no_bytes():
    stream = binary_copy(
        [
            Column(np.array([7, 8]), ">i4"),
            real(np.array([1.5, np.nan], dtype=np.float32)),
            Column(np.array([True, False]), "?"),
        ]
    )
    rows = stream[19:-2]
    first = struct.pack(">hiiifi?", 3, 4, 7, 4, 1.5, 1, True)
    second = struct.pack(">hiiii?", 3, 4, 8, -1, 1, False)
    assert rows == first + second
    assert stream[-2:] == b"\xff\xff"


def test_instants_count_from_the_year_2000():
    [column] = [instants(np.array([946_684_800_000_001]))]
    assert column.values.tolist() == [1]
