"""The hub of a class: JupyterHub, with each learner in a room of their own on one machine."""
