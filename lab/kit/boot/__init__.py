"""What runs out of a kit, or on a machine without the lab: Python's own library only, nothing of `lab`."""
