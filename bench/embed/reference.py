"""The reference stack for bench/embed: Pillow, torchvision's transforms and torch, as its users write it.

Reads one JSON request a line from standard input, {"folder": ..., "names": [...], "batch": n}, and answers each with
{"seconds": ..., "vectors": path}: the time from file bytes in memory to unit vectors, and the vectors as float32.
"""

import io
import json
import sys
import time
from pathlib import Path

import torch
import torchvision
from PIL import Image
from torchvision import transforms

threads, weights, scratch = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
torch.set_num_threads(threads)
model = torchvision.models.resnet50()
if weights:
    model.load_state_dict(torch.load(weights))
model.fc = torch.nn.Identity()
model.eval()

preprocess = transforms.Compose([
    transforms.Resize(256),
    transforms.CenterCrop(224),
    transforms.ToTensor(),
    transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
])


def embed(files, batch):
    vectors = []
    with torch.no_grad():
        for start in range(0, len(files), batch):
            pictures = [Image.open(io.BytesIO(file)).convert("RGB") for file in files[start:start + batch]]
            features = model(torch.stack([preprocess(picture) for picture in pictures]))
            vectors.append(torch.nn.functional.normalize(features))
    return torch.cat(vectors)


versions = {"torch": torch.__version__, "torchvision": torchvision.__version__, "Pillow": Image.__version__}
print(json.dumps(versions), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    files = [Path(request["folder"], name).read_bytes() for name in request["names"]]
    start = time.perf_counter()
    vectors = embed(files, request["batch"])
    seconds = time.perf_counter() - start
    path = scratch / "vectors.f32"
    path.write_bytes(vectors.numpy().astype("<f4").tobytes())
    print(json.dumps({"seconds": seconds, "vectors": str(path)}), flush=True)
