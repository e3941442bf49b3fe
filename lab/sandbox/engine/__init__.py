"""The engine of the sandbox: the lab's own, or the user's, left as it was."""
