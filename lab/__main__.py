"""`python -m lab`: the same as `lab`, where nothing was installed."""

from lab.cli import main

if __name__ == "__main__":
    main()
