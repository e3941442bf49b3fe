"""The kit: one file with all that a learner's machine needs, so that it asks nothing of any network.

`make` packs one; `boot` is what runs out of it with nothing but Python; `read` looks into one, `fill` puts what it
holds into the lab's cache. `serve` and `get` hand it on in a room.
"""
