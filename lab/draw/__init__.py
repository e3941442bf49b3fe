"""Pictures made from facts: each as text that reads well on its own, and as a figure for a notebook or a page."""
