"""`python -m aspara`: the `aspara` command for a Python whose scripts are not on the path."""

import sys

from aspara.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
