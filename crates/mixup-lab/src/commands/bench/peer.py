"""The bench's workloads in PyTorch: reads one JSON request per line, answers with one JSON line each.

Run by `cargo xtask bench --peer python3` with the number of threads and a way to work (peer.rs); needs torch, and a C++
compiler where the way compiles. Sizes as in workload.rs.
"""

import contextlib
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


def convnet(inputs=1, widths=(32, 64, 128), outputs_of_head=10):
    layers = []
    for outputs, stride in zip(widths, (1, 2, 2)):
        layers += [nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, outputs_of_head))


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


def cosines(embeddings):
    unit = F.normalize(embeddings)
    return unit @ unit.T


class MultiSimilarity:
    """Of all pairs of a batch, by their classes."""

    def __init__(self, classes):
        same = classes[:, None] == classes[None, :]
        self.positive, self.negative = same & ~torch.eye(len(classes), dtype=torch.bool), ~same

    def __call__(self, s):
        near = (-BETA * (s - MARGIN)).masked_fill(~self.positive, -1e30)
        far = (GAMMA * (s - MARGIN)).masked_fill(~self.negative, -1e30)
        return sums(near, far)


BETA, GAMMA, MARGIN = 18.0, 75.0, 0.77


def sums(near, far):
    one = torch.zeros(len(near), 1)
    log_sum = lambda e: torch.cat([one, e], 1).logsumexp(1)
    return (log_sum(near) / BETA + log_sum(far) / GAMMA).mean()


class Metric(nn.Module):
    """Multi-similarity of embeddings that are the parameters; `mixed` of all positive-negative mixtures, in closed form."""

    def __init__(self, mixed, batch=100, dim=512):
        super().__init__()
        self.embeddings, self.mixed = nn.Parameter(torch.rand(batch, dim) * 2 - 1), mixed
        self.pairs = MultiSimilarity(torch.arange(batch) // 5)
        a, p = self.pairs.positive.nonzero(as_tuple=True)
        each, n = self.pairs.negative[a].nonzero(as_tuple=True)
        self.triple = a[each], p[each], n

    def forward(self, lam=0.3):
        s = cosines(self.embeddings)
        if not self.mixed:
            return self.pairs(s)
        (a, p, n), batch = self.triple, len(s)
        length = (lam**2 + (1 - lam) ** 2 + 2 * lam * (1 - lam) * s[p, n]).clamp_min(1e-6).sqrt()
        s = ((lam * s[a, p] + (1 - lam) * s[a, n]) / length).view(batch, -1)
        near = -BETA * (s - MARGIN) + torch.tensor(lam).log()
        far = GAMMA * (s - MARGIN) + torch.tensor(1 - lam).log()
        return sums(near, far)


SMALL = (16, 32, 64)
NETWORKS = {
    "mlp": (mlp, (16, 5)),
    "convnet": (convnet, (128, 1, 28, 28)),
    "resnet18": (resnet18, (64, 3, 32, 32)),
    "vit": (Encoder, (64, 1, 28, 28)),
    "lenet": (lenet, (128, 1, 28, 28)),
    "mixup-convnet": (lambda: convnet(1, SMALL, 10), (64, 1, 12, 12)),
    "metric-learning": (lambda: convnet(1, SMALL, 64), (100, 1, 20, 20)),
    "two-views": (lambda: convnet(3, SMALL, 128), (256, 3, 16, 16)),
    "metric-clean": (lambda: Metric(False), None),
    "metric-mixed": (lambda: Metric(True), None),
}
ADAM = {"mlp": 0.01, "vit": 1e-3, "metric-learning": 1e-3, "two-views": 1e-3}


def workload(name, way):
    build, shape = NETWORKS[name]
    network = build()
    if name in ADAM:
        optimizer = torch.optim.Adam(network.parameters(), lr=ADAM[name])
    else:
        optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    x = None if shape is None else torch.rand(shape) * 2 - 1
    if way in ("channels-last", "both", "bf16") and x is not None and x.dim() == 4:
        network = network.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    loss = criterion(name, torch.compile(network) if way in ("compiled", "both") else network, x)
    return stepper(loss, optimizer, way == "bf16")


def criterion(name, network, x):
    if x is None:
        return network
    rows = len(x)
    if name == "mlp":
        y = torch.rand(rows, 1) * 2 - 1
        return lambda: F.mse_loss(network(x), y)
    if name == "metric-learning":
        pairs = MultiSimilarity(torch.arange(rows) // 5)
        return lambda: pairs(cosines(network(x)))
    if name == "two-views":
        other = torch.arange(rows).roll(rows // 2)
        itself = torch.eye(rows, dtype=torch.bool)
        return lambda: F.cross_entropy((cosines(network(x)) / 0.5).masked_fill(itself, -1e30), other)
    y = F.one_hot(torch.arange(rows) % 10, 10).float()
    if name != "mixup-convnet":
        return lambda: F.cross_entropy(network(x), y)

    def mixed():
        share, partners = torch.rand(()).item(), torch.randperm(rows)
        inputs = share * x + (1 - share) * x[partners]
        return F.cross_entropy(network(inputs), share * y + (1 - share) * y[partners])

    return mixed


def stepper(loss, optimizer, half):
    precision = lambda: torch.autocast("cpu", dtype=torch.bfloat16) if half else contextlib.nullcontext()

    def step():
        optimizer.zero_grad()
        with precision():
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
    way = sys.argv[2]
    torch.manual_seed(0)
    kept, step = None, None
    for line in sys.stdin:
        ask, first = json.loads(line), None
        if "matmul" in ask:
            size, count = ask["matmul"]
            a, b = torch.rand(size, size), torch.rand(size, size)
            step, kept = (lambda: (a @ b)[0, 0].item()), None
            step()
        else:
            name, count = ask["steps"]
            if name != kept:
                kept, step = name, workload(name, way)
                first = timed(step)
                for _ in range(max(2, count // 10)):
                    step()
        seconds = [timed(step) for _ in range(count)]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak_mib": peak, "first_seconds": first}), flush=True)


main()
