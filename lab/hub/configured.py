"""How JupyterHub is configured for a class on one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.hub import kept, places
from lab.hub.authenticator import ClassAuthenticator
from lab.hub.front import FrontDoor
from lab.hub.spawner import RoomSpawner
from lab.storage import own_folder

_GIGABYTE = 10**9


def fill(c: Any) -> None:
    """Set all that the hub needs in `c`, JupyterHub's configuration. Raises BadInput, Blocked."""
    now = kept.settled()
    folder = own_folder(places.folder())
    c.JupyterHub.bind_url = f"http://{now.listen}:{now.port}"
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{now.api or 8081}"
    c.JupyterHub.proxy_class = FrontDoor
    c.FrontDoor.listen, c.FrontDoor.port, c.FrontDoor.certificate = now.listen, now.port, now.certificate
    c.JupyterHub.authenticator_class = ClassAuthenticator
    c.ClassAuthenticator.code = now.code
    c.ClassAuthenticator.auth_refresh_age = 60
    c.ClassAuthenticator.refresh_pre_spawn = True
    c.JupyterHub.spawner_class = RoomSpawner
    c.RoomSpawner.mem_limit = int(now.memory * _GIGABYTE)
    c.RoomSpawner.disk_limit = int(now.disk * _GIGABYTE)
    c.RoomSpawner.idle_after = now.idle * 60
    c.JupyterHub.concurrent_spawn_limit = 0  # a class comes in at once; the processors take turns
    c.JupyterHub.db_url = f"sqlite:///{folder / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(folder / "cookie-secret")
    c.JupyterHub.template_paths = [str(Path(__file__).parent / "templates")]
    c.JupyterHub.cleanup_servers = True
    c.JupyterHub.last_activity_interval = 60
    c.JupyterHub.implicit_spawn_seconds = 1  # who comes back to a room that has ended need not press a button
