"""The reference demo's third script: keeps model and index, and answers each line (a picture's path) with the ten most like it."""

import json
import sys
from pathlib import Path

import faiss
import torch
import torchvision
from demo import Demo

demo = Demo(Path(sys.argv[1]))
versions = {"torch": torch.__version__, "torchvision": torchvision.__version__, "faiss": faiss.__version__}
print(json.dumps(versions), flush=True)
for line in sys.stdin:
    print(json.dumps(demo.search(line.strip())), flush=True)
