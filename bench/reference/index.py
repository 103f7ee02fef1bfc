"""The reference demo's first script: embeds every picture of a folder, and writes a FAISS index and the names of its rows."""

import json
import sys
from pathlib import Path

import faiss
import torch
import torchvision
from PIL import Image
from torchvision import transforms

folder, out = Path(sys.argv[1]), Path(sys.argv[2])
model = torchvision.models.resnet50()
model.fc = torch.nn.Identity()
model.eval()
preprocess = transforms.Compose([
    transforms.Resize(256),
    transforms.CenterCrop(224),
    transforms.ToTensor(),
    transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
])
index = faiss.IndexFlatIP(2048)
names = sorted(path.name for path in folder.iterdir() if path.suffix == ".jpg")
with torch.no_grad():
    for start in range(0, len(names), 16):
        pictures = [preprocess(Image.open(folder / name).convert("RGB")) for name in names[start:start + 16]]
        index.add(torch.nn.functional.normalize(model(torch.stack(pictures))).numpy())
faiss.write_index(index, str(out / "index.faiss"))
(out / "names.json").write_text(json.dumps(names))
# The weights are random: the searches have to use the same.
torch.save(model.state_dict(), out / "weights.pth")
