"""Fixes in columns: the one shape every format is normalised to."""


import numpy as np

FIX = np.dtype(
    [
        ("device", "<u4"),  # index into FixBatch.devices
        ("fixed_at", "<i8"),  # microseconds since 1970-01-01 UTC
        ("lon", "<f8"),  # degrees, WGS 84
        ("lat", "<f8"),
        ("speed_mps", "<f4"),  # NaN where absent, as in every column below
        ("heading_deg", "<f4"),
        ("altitude_m", "<f4"),
        ("accuracy_m", "<f4"),
        ("ignition", "<i1"),  # 0 off, 1 on, -1 absent
    ]
)
