"""`python -m batchlint`: the command itself."""

import os
import sys

from ._report import BatchlintError
from ._side import find_binary

try:
    command = [find_binary()] + sys.argv[1:]
except BatchlintError as error:
    sys.exit("error: %s" % error)
if os.name == "nt":
    import subprocess

    sys.exit(subprocess.call(command))
os.execv(command[0], command)
