"""The maker in the background: `python -m lab.sandbox.golang MIRROR`."""

import sys

from lab.sandbox import background
from lab.sandbox.golang import main

background.yield_to_others()
sys.exit(main(sys.argv[1:]))
