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


def test_a_column_that_is_null_everywhere_and_one_that_never_is_need_no_cutting():
    nothing = real(np.full(2, np.nan, dtype=np.float32))
    stream = binary_copy([nothing, Column(np.array([7, 8]), ">i4"), real(np.float32([1, 2]))])
    rows = [struct.pack(">hiiiif", 3, -1, 4, n, 4, value) for n, value in ((7, 1.0), (8, 2.0))]
    assert stream[19:-2] == b"".join(rows)


def test_no_rows_are_a_stream_without_rows():
    assert binary_copy([real(np.empty(0, np.float32))])[19:] == b"\xff\xff"
