import sys

from intake.entry.cli import main

sys.exit(main())
