"""Notebooks as JupyterLab reads and writes them: a widget lives only as long as its kernel does.

On the disk a notebook holds HTML and text, which every reader can show; a page that opens it while the kernel that
made a widget is alive gets the widget back, so that a browser can be closed and opened again.
"""

from __future__ import annotations

import os
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from lab.notebook.panel.page import SAVED
from lab.notebook.panel.page import began as began_at

VIEW = "application/vnd.jupyter.widget-view+json"
_KEPT = "lab_view"
_KERNEL = "lab_kernel"
_NOTE = "<div><small>As it was when the cell ran. Run the cell again for its buttons.</small></div>"


def is_alive(mark: object) -> bool:
    """Does the kernel of that mark still run?"""
    number, _, began = str(mark).partition("-")
    if not number.isdigit() or not int(number):
        return False
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass
    return began_at(int(number)) == began


def put_away(notebook: Any) -> Any:
    """Before the disk: take widgets out of outputs that can do without, keep where to find them; drop clocks."""
    for outputs in _outputs(notebook):
        outputs[:] = [one for one in outputs if _metadata(one).get("lab") != "live"]
        for one in outputs:
            data = one.get("data") or {}
            if VIEW in data and SAVED in str(data.get("text/html")):
                _metadata(one)[_KEPT] = data.pop(VIEW)
                data["text/html"] = "".join(data["text/html"]).replace(SAVED, SAVED + _NOTE, 1)
    return notebook


def bring_back(notebook: Any) -> Any:
    """After the disk: give the widgets back whose kernel still runs, and take the note away where it does."""
    for outputs in _outputs(notebook):
        for one in outputs:
            metadata, data = _metadata(one), one.get("data") or {}
            kept = metadata.pop(_KEPT, None)
            if kept and is_alive(metadata.get(_KERNEL)):
                data[VIEW] = kept
                data["text/html"] = "".join(data.get("text/html", "")).replace(_NOTE, "")
    return notebook


def _outputs(notebook: Any) -> list[list[Any]]:
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    return [cell["outputs"] for cell in cells or () if isinstance(cell.get("outputs"), list)]


def _metadata(output: Any) -> dict[str, Any]:
    found: dict[str, Any] = output.get("metadata") or {}
    return found


class LessonFiles(AsyncLargeFileManager):
    """Jupyter's own file manager, which puts widgets away before the disk and brings them back after it."""

    async def get(self, path: Any, content: Any = True, *rest: Any, **options: Any) -> Any:  # noqa: FBT002 - Jupyter's
        """A file, as Jupyter gives it."""
        model = await super().get(  # type: ignore[no-untyped-call]
            path, content, *rest, **options
        )
        if model.get("type") == "notebook" and model.get("content"):
            bring_back(model["content"])
        return model

    async def save(self, model: Any, path: str = "") -> Any:
        """Write a file, as Jupyter does."""
        if model.get("type") == "notebook" and model.get("content"):
            put_away(model["content"])
        return await super().save(model, path)  # type: ignore[no-untyped-call]
