"""What the reference demo's searches share: the model and the index that its first script wrote, and a search in them."""

import json
from pathlib import Path

import faiss
import torch
import torchvision
from PIL import Image
from torchvision import transforms


class Demo:
    def __init__(self, out: Path):
        self.model = torchvision.models.resnet50()
        self.model.fc = torch.nn.Identity()
        self.model.load_state_dict(torch.load(out / "weights.pth"))
        self.model.eval()
        self.preprocess = transforms.Compose([
            transforms.Resize(256),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
        ])
        self.index = faiss.read_index(str(out / "index.faiss"))
        self.names = json.loads((out / "names.json").read_text())

    def search(self, path: str) -> list:
        """The names of the ten pictures most like one."""
        with torch.no_grad():
            picture = self.preprocess(Image.open(path).convert("RGB")).unsqueeze(0)
            vector = torch.nn.functional.normalize(self.model(picture)).numpy()
        _, rows = self.index.search(vector, 10)
        return [self.names[row] for row in rows[0]]
