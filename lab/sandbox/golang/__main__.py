"""The maker in the background: `python -m lab.sandbox.golang MIRROR`."""

import sys

from lab.sandbox.golang import main

sys.exit(main(sys.argv[1:]))
