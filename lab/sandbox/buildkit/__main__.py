"""Makes BuildKit's image in the background: what `python -m lab.sandbox.buildkit` runs."""

import sys

from lab.sandbox.buildkit import main

sys.exit(main(sys.argv[1:]))
