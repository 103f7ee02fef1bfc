"""The reference demo's second script: loads model and index, and prints the ten pictures most like one."""

import json
import sys
from pathlib import Path

from demo import Demo

print(json.dumps(Demo(Path(sys.argv[1])).search(sys.argv[2])))
