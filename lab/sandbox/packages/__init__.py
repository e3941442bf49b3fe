"""The distribution's own packages: found, fetched and unpacked; nothing is installed."""
