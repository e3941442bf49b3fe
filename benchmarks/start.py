"""How much longer `lab --help` takes than a Python that does nothing."""

from __future__ import annotations

from _measure import LAB, PYTHON, compile_bytecode, environment, medians, told


def main() -> None:
    """Measure and print."""
    compile_bytecode()
    taken = medians({"help": [*LAB, "--help"], "empty": [PYTHON, "-c", "pass"]}, environment(), runs=41)
    told("lab --help against an empty Python", taken["help"], taken["empty"], 3.5)


if __name__ == "__main__":
    main()
