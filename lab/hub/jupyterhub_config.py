"""JupyterHub's configuration for a class on one machine: `jupyterhub -f …/lab/hub/jupyterhub_config.py`, as root.

`lab hub` starts JupyterHub with it. Who has a hub already takes from it what fits: `lab.hub.configured` says what each
line is for.
"""

from lab.hub import configured

configured.fill(get_config())  # type: ignore[name-defined]  # noqa: F821  # JupyterHub puts it here
