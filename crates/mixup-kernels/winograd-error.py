"""How exact Winograd's F(4x4, 3x3) would be: its error in f32 over that of a direct product in f32, both against f64.

    python3 winograd-error.py        # needs torch

Layers are those of ResNet-18 on 32x32 images; inputs normal, and cut by a ReLU but for the last; weights by He's rule. Points are
the places at which polynomials are evaluated (Lavin and Gray 2016 take 0, 1, -1, 2, -2), without the one at infinity.
"""

from fractions import Fraction as Q

import torch
from torch.nn import functional as F

POINTS = {
    "F(2x2) 0 1 -1": [0, 1, -1],
    "F(4x4) 0 1 -1 2 -2": [0, 1, -1, 2, -2],
    "F(4x4) 0 1 -1 1/2 -2": [0, 1, -1, Q(1, 2), -2],
    "F(4x4) 0 3/4 -3/4 3/2 -3/2": [0, Q(3, 4), Q(-3, 4), Q(3, 2), Q(-3, 2)],
}
LAYERS = [(64, 32, True), (128, 16, True), (256, 8, True), (512, 4, True), (64, 32, False)]


def polynomial(roots):
    """Coefficients of the product of x - root, the lowest first."""
    found = [Q(1)]
    for root in roots:
        found = [a - root * b for a, b in zip([Q(0)] + found, found + [Q(0)])]
    return found


def maps(points):
    """A^T, G and B^T of Cook and Toom for outputs of len(points) - 1 and a kernel of 3."""
    points = [Q(point) for point in points]
    size, outputs = len(points) + 1, len(points) - 1
    others = [[other for other in points if other != point] for point in points]
    scale = [polynomial(rest) for rest in others]
    at = lambda coefficients, x: sum(c * x**k for k, c in enumerate(coefficients))
    a = [[p**k for p in points] + [Q(k == outputs - 1)] for k in range(outputs)]
    g = [[p**k / at(s, p) for k in range(3)] for p, s in zip(points, scale)] + [[Q(0), Q(0), Q(1)]]
    b = [polynomial(rest) + [Q(0)] * (size - len(rest) - 1) for rest in others] + [polynomial(points)]
    return [torch.tensor([[float(v) for v in row] for row in matrix]) for matrix in (a, g, b)]


def both(left, tiles):
    """left tiles left^T over the last two axes."""
    return torch.einsum("ij,...jk,lk->...il", left, tiles, left)


def winograd(x, w, points):
    a, g, b = maps(points)
    tile, (images, channels, height, _) = len(points) - 1, x.shape
    padded = F.pad(x, (1, 1 + -height % tile, 1, 1 + -height % tile))
    v = both(b, padded.unfold(2, tile + 2, tile).unfold(3, tile + 2, tile))
    u = both(g, w)
    rows = v.shape[2]
    entries = (tile + 2) ** 2
    products = torch.bmm(
        v.permute(4, 5, 0, 2, 3, 1).reshape(entries, -1, channels), u.permute(2, 3, 1, 0).reshape(entries, channels, -1)
    )
    m = products.reshape(tile + 2, tile + 2, images, rows, rows, -1).permute(2, 5, 3, 4, 0, 1)
    y = both(a, m).permute(0, 1, 2, 4, 3, 5).reshape(images, len(w), rows * tile, rows * tile)
    return y[:, :, :height, :height]


def direct(x, w):
    return (w.flatten(1) @ F.unfold(x, 3, padding=1)).reshape(len(x), len(w), *x.shape[2:])


torch.manual_seed(0)
torch.set_num_threads(1)
for channels, size, cut in LAYERS:
    x = torch.randn(8, channels, size, size)
    x = x.relu() if cut else x
    w = torch.randn(channels, channels, 3, 3) * (2 / (9 * channels)) ** 0.5
    exact = F.conv2d(x.double(), w.double(), padding=1)
    error = lambda y: (y.double() - exact).square().mean().sqrt().item()
    plain = error(direct(x, w))
    said = ", ".join(f"{name}: {error(winograd(x, w, points)) / plain:.1f}" for name, points in POINTS.items())
    print(f"{channels} channels, {size}x{size}{', cut by a ReLU' if cut else ''}: {said}")
