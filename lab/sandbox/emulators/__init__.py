"""Emulators: registered with the kernel by the lab, or by a container, where somebody agreed."""
