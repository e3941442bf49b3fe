"""Makes BuildKit's image in the background: what `python -m lab.sandbox.buildkit` runs."""

import sys

from lab.sandbox import background
from lab.sandbox.buildkit import main

background.yield_to_others()
sys.exit(main(sys.argv[1:]))
