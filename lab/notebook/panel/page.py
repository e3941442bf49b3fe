"""Where a notebook's kernel is seen: in which page, of which notebook, of which lesson."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from lab import course
from lab.course import capstone, clinic
from lab.notebook.panel import view

SAVED = "<!--lab:saved-->"  # where a saved copy says that it is one
_CASE = re.compile(r"K\d\d")
_NUMBERED = re.compile(r"\d\d-[a-z-]+")


def is_live() -> bool:
    """Is a page there that can show widgets? Jupyter's server names the notebook; a headless run has none."""
    return "JPY_SESSION_NAME" in os.environ or bool(_variable("__vsc_ipynb_file__"))


def notebook() -> Path | None:
    """The notebook of this kernel, where it is known."""
    name = os.environ.get("JPY_SESSION_NAME") or _variable("__vsc_ipynb_file__")
    return Path(name) if name else None


def lesson_of(path: Path | None) -> course.Lesson | None:
    """The lesson of a notebook, also of a copy (`02-one-platform-Copy1.ipynb`)."""
    found = _NUMBERED.match(path.name) if path else None
    return next((one for one in course.lessons() if found and found[0].startswith(one.name)), None)


def case_of(path: Path | None) -> clinic.Case | None:
    """The clinic's case of a notebook, also of a copy (`K01-house-Copy1.ipynb`)."""
    found = _CASE.match(path.name) if path else None
    return clinic.named(found[0]) if found else None


def is_capstone(path: Path | None) -> bool:
    """Is it the capstone's notebook, or a copy of it?"""
    return bool(path) and str(path and path.name).startswith(Path(capstone.NOTEBOOK).stem)


def link_to(name: str, step: str) -> str:
    """A link inside of JupyterLab; "" where the page's folder is not known or the notebook is not there."""
    own, root = notebook(), os.environ.get("LAB_WORKSPACE")
    if own is None or root is None or "JPY_SESSION_NAME" not in os.environ:
        return ""
    same = lesson_of(own)
    target = own if same and name == f"{same.name}.ipynb" else Path(root) / name
    if not target.is_file() or not target.is_relative_to(root):
        return ""
    return view.command_link(str(target.relative_to(root)), step)


def views(widget: Any) -> dict[str, Any]:
    """The part of a MIME bundle that shows a widget."""
    bundle: dict[str, Any] = widget._repr_mimebundle_()
    return {name: data for name, data in bundle.items() if name.endswith("widget-view+json")}


def widgets() -> Any:
    """The library of widgets, loaded when the first one is made."""
    import ipywidgets

    return ipywidgets


def display(bundle: dict[str, Any], **options: Any) -> Any:
    """Send a MIME bundle to the page; with `display_id=True` the answer is the handle that updates it."""
    from IPython import display as module

    send: Any = module.display
    if any(name.endswith("widget-view+json") for name in bundle):
        options["metadata"] = {"lab_kernel": kernel_mark(), **options.get("metadata", {})}
    return send(bundle, raw=True, **options)


def kernel_mark() -> str:
    """What stands for this process as long as it lives: its number, and when it began where that can be read."""
    return f"{os.getpid()}-{began(os.getpid())}"


def began(number: int) -> str:
    """When that process began, in the kernel's ticks; "" where this system does not say."""
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _variable(name: str) -> str:
    from IPython.core import getipython

    shell: Any = getipython.get_ipython()
    return str(shell.user_ns.get(name, "")) if shell else ""
