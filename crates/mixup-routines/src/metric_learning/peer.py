"""Losses and gradients of pytorch-metric-learning: cases as JSON on standard input, answers on standard output."""
import json
import sys

import torch
from pytorch_metric_learning import losses, miners

torch.set_default_dtype(torch.float64)


def built(case):
    loss, proxies = dict(case["loss"]), case["proxies"]
    kind = loss["kind"]
    if kind == "contrastive":
        return losses.ContrastiveLoss(pos_margin=loss["positive_margin"], neg_margin=loss["negative_margin"])
    if kind == "multi-similarity":
        return losses.MultiSimilarityLoss(alpha=loss["beta"], beta=loss["gamma"], base=loss["margin"])
    if kind == "proxy-anchor":
        made = losses.ProxyAnchorLoss(len(proxies), len(proxies[0]), margin=loss["margin"], alpha=loss["beta"])
        made.proxies.data = torch.tensor(proxies)
        return made
    if kind == "triplet":
        return losses.TripletMarginLoss(margin=loss["margin"])
    if kind == "nt-xent":
        return losses.NTXentLoss(temperature=loss["temperature"])
    raise ValueError(kind)


def answer(case):
    x = torch.tensor(case["embeddings"], requires_grad=True)
    labels = torch.tensor(case["labels"])
    pairs = None
    if case["loss"].get("miner") is not None:
        pairs = miners.MultiSimilarityMiner(epsilon=case["loss"]["miner"])(x, labels)
    loss = built(case)(x, labels, pairs)
    loss.backward()
    gradient = torch.zeros_like(x) if x.grad is None else x.grad
    return {"loss": loss.item(), "gradient": gradient.flatten().tolist()}


print(json.dumps([answer(case) for case in json.load(sys.stdin)]))
