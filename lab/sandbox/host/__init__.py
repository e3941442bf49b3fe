"""What the sandbox asks of this machine: processes, control groups, a network bridge, answers of a daemon."""
