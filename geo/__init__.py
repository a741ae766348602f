"""Pure geometry: zones, membership, projections, roads, map matching. Reads no clock.

Files and the internet are touched where a road network comes from: `geo.roads`, and
`geo.network.RoadNetwork.load` and ``save``.
"""
