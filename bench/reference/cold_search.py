"""The reference demo's second script: loads model and index, and prints the ten pictures most like one."""

import json
import sys
from pathlib import Path

import faiss
import torch
import torchvision
from PIL import Image
from torchvision import transforms

out, query = Path(sys.argv[1]), sys.argv[2]
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
with torch.no_grad():
    picture = preprocess(Image.open(query).convert("RGB")).unsqueeze(0)
    vector = torch.nn.functional.normalize(model(picture)).numpy()
_, rows = index.search(vector, 10)
print(json.dumps([names[row] for row in rows[0]]))
