"""Writes small ResNets of plain PyTorch, with torchvision's names, and what they answer, as safetensors files."""

import json
import struct
import sys

import torch
from torch import nn


def save(path, tensors):
    """A safetensors file: the length of a JSON head, the head, the data."""
    head, data = {}, b""
    for name, tensor in tensors.items():
        kind = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        content = tensor.detach().contiguous().numpy().tobytes()
        head[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(head).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


class Block(nn.Module):
    def __init__(self, inputs, inside, stride, bottleneck):
        super().__init__()
        outputs = 4 * inside if bottleneck else inside
        kernels = [(inputs, inside, 1, 1), (inside, inside, 3, stride), (inside, outputs, 1, 1)]
        if not bottleneck:
            kernels = [(inputs, inside, 3, stride), (inside, inside, 3, 1)]
        self.count = len(kernels)
        for at, (a, b, kernel, step) in enumerate(kernels, 1):
            setattr(self, f"conv{at}", nn.Conv2d(a, b, kernel, step, kernel // 2, bias=False))
            setattr(self, f"bn{at}", nn.BatchNorm2d(b))
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        self.outputs = outputs

    def forward(self, x):
        y = x
        for at in range(1, self.count + 1):
            y = getattr(self, f"bn{at}")(getattr(self, f"conv{at}")(y))
            if at < self.count:
                y = y.relu()
        return (y + (self.downsample(x) if hasattr(self, "downsample") else x)).relu()


class Resnet(nn.Module):
    def __init__(self, width, blocks, bottleneck):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs, self.stages = width, len(blocks)
        for stage, count in enumerate(blocks):
            row = []
            for index in range(count):
                row.append(Block(inputs, width << stage, 2 if stage > 0 and index == 0 else 1, bottleneck))
                inputs = row[-1].outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*row))
        self.fc = nn.Linear(inputs, 7)

    def features(self, x):
        x = nn.functional.max_pool2d(self.bn1(self.conv1(x)).relu(), 3, 2, 1)
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return x.mean(dim=(2, 3))


torch.manual_seed(1)
for name, blocks, bottleneck in [("basic", [1, 2], False), ("bottleneck", [2, 1], True)]:
    network = Resnet(4, blocks, bottleneck)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
    for _ in range(5):
        network.features(torch.randn(8, 3, 37, 32))
    network.eval()
    x = torch.randn(4, 3, 37, 32)
    path = f"{sys.argv[1]}/{name}.safetensors"
    save(path, network.state_dict())
    save(path + ".answers", {"x": x, "features": network.features(x)})
