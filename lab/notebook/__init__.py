"""The course in Jupyter: the cells' magic, the panel and the cards, the server."""
