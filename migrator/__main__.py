"""``python -m migrator``: the command line."""

from migrator.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
