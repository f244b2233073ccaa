"""The bench's workloads in PyTorch: reads one JSON request per line, answers with one JSON line each.

Run by `cargo xtask bench --peer python3`; needs torch and nothing else. Sizes as in workload.rs.
"""

import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        hidden = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(hidden)) + self.shortcut(x))


class Encoder(nn.Module):
    def __init__(self, dim=128, depth=4, heads=4, patch=4, tokens=49):
        super().__init__()
        self.embed = nn.Conv2d(1, dim, patch, patch)
        self.position = nn.Parameter(torch.zeros(tokens, dim))
        layer = nn.TransformerEncoderLayer(
            dim, heads, 4 * dim, 0.0, F.gelu, batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 10)

    def forward(self, x):
        tokens = self.embed(x).flatten(2).transpose(1, 2) + self.position
        return self.head(self.norm(self.blocks(tokens)).mean(1))


def convnet():
    layers, inputs = [], 1
    for outputs, stride in [(32, 1), (64, 2), (128, 2)]:
        layers += [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10))


def resnet18():
    layers, inputs = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()], 64
    for outputs, stride in [(64, 1), (128, 2), (256, 2), (512, 2)]:
        layers += [Block(inputs, outputs, stride), Block(outputs, outputs, 1)]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def mlp():
    return nn.Sequential(
        nn.Linear(5, 128), nn.LeakyReLU(0.1), nn.Linear(128, 128), nn.LeakyReLU(0.1), nn.Linear(128, 1)
    )


class Metric(nn.Module):
    """Multi-similarity of embeddings that are the parameters; `mixed` of all positive-negative mixtures, in closed form."""

    def __init__(self, mixed, batch=100, dim=512):
        super().__init__()
        self.embeddings, self.mixed = nn.Parameter(torch.rand(batch, dim) * 2 - 1), mixed
        classes = torch.arange(batch) // 5
        same = classes[:, None] == classes[None, :]
        self.positive, self.negative = same & ~torch.eye(batch, dtype=torch.bool), ~same
        a, p = self.positive.nonzero(as_tuple=True)
        each, n = self.negative[a].nonzero(as_tuple=True)
        self.triple = a[each], p[each], n

    def forward(self, beta=18.0, gamma=75.0, margin=0.77, lam=0.3):
        unit = F.normalize(self.embeddings)
        s = unit @ unit.T
        if self.mixed:
            (a, p, n), batch = self.triple, len(s)
            length = (lam**2 + (1 - lam) ** 2 + 2 * lam * (1 - lam) * s[p, n]).clamp_min(1e-6).sqrt()
            s = ((lam * s[a, p] + (1 - lam) * s[a, n]) / length).view(batch, -1)
            near = -beta * (s - margin) + torch.tensor(lam).log()
            far = gamma * (s - margin) + torch.tensor(1 - lam).log()
        else:
            near = (-beta * (s - margin)).masked_fill(~self.positive, -1e30)
            far = (gamma * (s - margin)).masked_fill(~self.negative, -1e30)
        one = torch.zeros(len(s), 1)
        log_sum = lambda e: torch.cat([one, e], 1).logsumexp(1)
        return (log_sum(near) / beta + log_sum(far) / gamma).mean()


def workload(name):
    if name.startswith("metric"):
        network = Metric(name == "metric-mixed")
        return stepper(network, torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4))
    network, shape = {
        "mlp": (mlp, (16, 5)),
        "convnet": (convnet, (128, 1, 28, 28)),
        "resnet18": (resnet18, (64, 3, 32, 32)),
        "vit": (Encoder, (64, 1, 28, 28)),
        "lenet": (lenet, (128, 1, 28, 28)),
    }[name]
    network = network()
    x = torch.rand(shape) * 2 - 1
    if name == "mlp":
        y = torch.rand(16, 1) * 2 - 1
        loss = lambda: F.mse_loss(network(x), y)
    else:
        y = F.one_hot(torch.arange(shape[0]) % 10, 10).float()
        loss = lambda: F.cross_entropy(network(x), y)
    if name in ("mlp", "vit"):
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01 if name == "mlp" else 1e-3)
    else:
        optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    return stepper(loss, optimizer)


def stepper(loss, optimizer):
    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        return value.item()

    return step


def timed(step):
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    kept, step = None, None
    for line in sys.stdin:
        ask = json.loads(line)
        if "matmul" in ask:
            size, count = ask["matmul"]
            a, b = torch.rand(size, size), torch.rand(size, size)
            step, kept = (lambda: (a @ b)[0, 0].item()), None
            step()
        else:
            name, count = ask["steps"]
            if name != kept:
                kept, step = name, workload(name)
                for _ in range(max(2, count // 10)):
                    step()
        seconds = [timed(step) for _ in range(count)]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak_mib": peak}), flush=True)


main()
