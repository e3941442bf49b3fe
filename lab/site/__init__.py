"""The published site: pages from real runs and from the code itself. MkDocs calls `hook.py`; the rest it calls."""
