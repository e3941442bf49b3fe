"""The hub's front door: configurable-http-proxy in its Python form, for a class; run as `python -m lab.hub.proxy …`.

As it is, it hands on ten requests at a time, and each learner whose room is being made holds one of them.
"""

from __future__ import annotations

from configurable_http_proxy.cli import main
from tornado.httpclient import AsyncHTTPClient

_AT_ONCE = 2000

if __name__ == "__main__":
    AsyncHTTPClient.configure(None, max_clients=_AT_ONCE)
    main()
