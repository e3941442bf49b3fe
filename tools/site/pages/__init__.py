"""The published site: pages from real runs and from the code itself. MkDocs calls the hook beside this folder."""
