#!/bin/sh
# Prints the platform that our containers run on, as Docker writes it.
system=$(uname -s | tr '[:upper:]' '[:lower:]')
machine=$(uname -m)
echo "$system/$machine"
