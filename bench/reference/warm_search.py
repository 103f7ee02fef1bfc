"""The reference demo's third script: keeps model and index, and answers each line (a picture's path) with the ten most like it."""

import json
import sys
from pathlib import Path

import faiss
import torch
import torchvision
from PIL import Image
from torchvision import transforms

out = Path(sys.argv[1])
model = torchvision.models.resnet50()
model.fc = torch.nn.Identity()
model.load_state_dict(torch.load(out / "weights.pth"))
model.eval()
preprocess = transforms.Compose([
    transforms.Resize(256),
    transforms.CenterCrop(224),
    transforms.ToTensor(),
    transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
])
index = faiss.read_index(str(out / "index.faiss"))
names = json.loads((out / "names.json").read_text())
versions = {"torch": torch.__version__, "torchvision": torchvision.__version__, "faiss": faiss.__version__}
print(json.dumps(versions), flush=True)
for line in sys.stdin:
    with torch.no_grad():
        picture = preprocess(Image.open(line.strip()).convert("RGB")).unsqueeze(0)
        vector = torch.nn.functional.normalize(model(picture)).numpy()
    _, rows = index.search(vector, 10)
    print(json.dumps([names[row] for row in rows[0]]), flush=True)
