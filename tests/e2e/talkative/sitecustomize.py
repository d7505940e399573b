"""Python runs this first where PYTHONPATH names this folder: whoever logs anything, at whatever level, is heard."""

import logging

logging.basicConfig(level=logging.DEBUG, format="%(name)s %(levelname)s %(message)s")
logging.Logger.setLevel = lambda *_arguments: None  # type: ignore[method-assign]  # nobody is told to be quiet
