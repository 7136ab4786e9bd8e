"""`python -m fgbg` does what `fgbg` does."""

from fgbg.cli import main

if __name__ == "__main__":
    main(prog_name="fgbg")
