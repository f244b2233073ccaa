"""Judges every claim of a paper anew, from its outcomes and its paper.yaml, and compares with verdicts.json.

    judge.py PAPER.YAML RESULTS_FOLDER

Written from the rules in DESIGN.md and the docs of the verdicts, with scipy. Prints how many numbers agree;
exit status 1 and a line per number that does not.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import yaml

from inference import Comparison, Trend, holm_levels

ALPHA = 0.05
TOLERANCE = 1e-9


class Row:
    """One comparison of a claim: its test, or why there is none."""

    def __init__(self, claim, against, design, sources):
        self.against, self.design = against, design
        self.repetitions, self.left_out, self.means = [], 0, None
        for outcome, method, other in sources:
            beyond = [claim["beyond"]["method"], claim["beyond"]["against"]] if "beyond" in claim else []
            values, left_out = finite(outcome, claim, [method, other, *beyond])
            if beyond:
                values = values[:2] - values[2:]
            self.left_out += left_out
            centre = [v[0] if design == "bootstrap" else v.mean() for v in values]
            self.means = self.means or centre
            self.repetitions.append(values[0] - values[1])
        parts = [r[1:] for r in self.repetitions] if design == "bootstrap" else self.repetitions
        self.no_test = next((why for why in map(reason, parts) if why), None)
        self.test = None if self.no_test else Comparison(design, self.repetitions)
        every = np.concatenate(self.repetitions)
        self.units = len(self.test.every) if self.test else len(every)
        self.difference = self.test.estimate() if self.test else every[0] if design == "bootstrap" else every.mean()


class TrendRow:
    def __init__(self, claim, design, outcome):
        self.against, self.design, self.repetitions, self.no_test, self.means = None, design, [None], None, None
        values, self.left_out = finite(outcome, claim, claim["over"])
        self.test = Trend(design, values)
        self.units = len(self.test.scores) - (design == "bootstrap")
        self.difference = self.test.estimate()


def finite(outcome, claim, methods):
    columns = []
    for method in methods:
        values = outcome["methods"][method]["values"]
        column = np.array([math.nan if v is None else v for v in values[claim["metric"]]])
        if "less" in claim:
            column = column - np.array([math.nan if v is None else v for v in values[claim["less"]]])
        columns.append(column)
    columns = np.array(columns)
    kept = np.isfinite(columns).all(axis=0)
    return columns[:, kept], len(outcome["seeds"]) - kept.sum()


def reason(differences):
    if len(differences) < 2:
        return "too-few-pairs"
    largest = abs(differences).max()
    if largest == 0:
        return "identical"
    return None if (abs(differences - differences[0]) > 1e-9 * largest).any() else "constant-difference"


def design_of(claim, outcome):
    if outcome.get("pairs") == "bootstrap":
        return "bootstrap"
    return "sequential" if outcome.get("sequential") or claim.get("repeated") else "fixed"


def rows_of(claim, outcomes):
    own = outcomes[claim["experiment"]]
    design = design_of(claim, own)
    if claim.get("test") == "trend":
        return [TrendRow(claim, design, own)]
    against = claim["against"] if isinstance(claim["against"], list) else [claim["against"]]
    repeated = [
        (outcomes[r["experiment"]], r["method"], r["against"])
        for r in claim.get("repeated", [])
        if r["experiment"] in outcomes
    ]
    return [Row(claim, other, design, [(own, claim["method"], other), *repeated]) for other in against]


def allowed(claim):
    margin = claim["margin"]
    if claim.get("test") == "kept":
        return (-margin, math.inf) if claim["direction"] == "higher" else (-math.inf, margin)
    return -margin, margin


def row_p(claim, row):
    """p of a comparison and whether it speaks for the claim."""
    if claim.get("test") not in ("kept", "equal"):
        side = row.difference < 0 if claim["direction"] == "lower" else row.difference > 0
        return (row.test.p_value(0.0) if isinstance(row, Row) else row.test.p_value()) if row.test else 1.0, side
    if row.no_test:
        return (0.0 if row.no_test == "identical" else 1.0), True
    low, high = allowed(claim)
    twice = 1 if row.design == "sequential" else 2
    inside = min(1.0, twice * row.test.within(low, high))
    beyond = min(
        min(1.0, twice * row.test.within(high, math.inf)), min(1.0, twice * row.test.within(-math.inf, low))
    )
    return (inside, True) if inside <= beyond else (beyond, False)


def claim_p(claim, rows):
    each = [row_p(claim, row) for row in rows]
    for_it = max(p if side else 1.0 for p, side in each)
    against_it = min(1.0, len(each) * min(1.0 if side else p for p, side in each))
    return (for_it, True) if for_it <= against_it else (against_it, False)


def published(claim, against, manifest):
    effect = claim.get("effect")
    if isinstance(effect, dict):
        return effect["value"]
    if effect != "reported":
        return None

    def mean(method):
        found = [
            r["mean"]
            for r in manifest["reported"]
            if (r["experiment"], r["metric"], r["method"]) == (claim["experiment"], claim["metric"], method)
        ]
        return found[0] if found else None

    ours, other = mean(claim["method"]), mean(against)
    return None if ours is None or other is None else ours - other


def interval(row, level, overlap=0.0):
    if row.test is None:
        return None
    return row.test.interval(level, overlap) if isinstance(row, Row) and overlap else row.test.interval(level)


def numbers(claim, row, level, overlap, manifest):
    """Everything that the evidence of a row must say."""
    said = {"units": row.units, "repetitions": len(row.repetitions), "left_out": row.left_out}
    said["difference"], said["no_test"] = row.difference, row.no_test
    said["interval"] = interval(row, level)
    if row.against is not None:
        said["published"] = published(claim, row.against, manifest)
        said["method_mean"], said["against_mean"] = row.means
    if row.test is None:
        return said
    if isinstance(row, TrendRow):
        said["p"] = row.test.p_value()
        said["log10_e"] = row.test.log_e() / math.log(10) if row.design == "sequential" else None
        return said
    said["p"], said["std"] = row.test.p_value(0.0), row.test.std()
    said["log10_e"] = float(row.test.log_e(0.0)) / math.log(10) if row.design == "sequential" else None
    said["effect_size"] = None if row.design == "bootstrap" else row.difference / row.test.std()
    below = row.test.share_below()
    said["share_claimed"] = below if claim["direction"] == "lower" else 1 - below
    said["p_within"] = row.test.within(*allowed(claim)) if "margin" in claim else None
    bootstrap = row.design == "bootstrap"
    said["new_data"] = interval(row, level, overlap) if overlap and not bootstrap else None
    return said


def word(claim, rows, level, manifest):
    """The verdict, and whether the effect is smaller than the published one."""
    p, side = claim_p(claim, rows)
    plain = claim.get("test", "difference") == "difference"
    intervals = [interval(row, level) for row in rows]
    effects = [published(claim, row.against, manifest) if row.against else None for row in rows]
    known = [(effect, i) for effect, i in zip(effects, intervals) if effect is not None]
    smaller = bool(plain and known) and all(
        i is not None and (i[0] > effect if effect < 0 else i[1] < effect) for effect, i in known
    )
    if p < level:
        return "reproduced" if side else "contradicted", smaller
    margin = claim.get("margin")
    inside = [
        row.no_test == "identical" if i is None else margin is not None and -margin < i[0] and i[1] < margin
        for row, i in zip(rows, intervals)
    ]
    if plain and margin is not None and all(inside):
        return "equivalent", smaller
    return ("smaller-than-claimed" if smaller else "undecided"), smaller


def agree(ours, theirs):
    if isinstance(theirs, dict):
        theirs = theirs["low"], theirs["high"]
    if ours is None or theirs is None or isinstance(ours, (str, bool)):
        return ours == theirs
    if isinstance(ours, tuple):
        return all(agree(a, b) for a, b in zip(ours, theirs))
    return math.isclose(ours, theirs, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def main(paper_yaml, results):
    manifest = yaml.safe_load(Path(paper_yaml).read_text())
    files = [path for path in Path(results).glob("*.json") if path.name != "verdicts.json"]
    outcomes = {outcome["experiment"]: outcome for outcome in (json.loads(p.read_text()) for p in files)}
    verdicts = {v["claim"]: v for v in json.loads((Path(results) / "verdicts.json").read_text())}
    claims = manifest["claims"]
    examined = {c["id"]: rows_of(c, outcomes) for c in claims if c["experiment"] in outcomes}
    primary = [c for c in claims if c.get("rank") == "primary"]
    p_values = [claim_p(c, examined[c["id"]])[0] if c["id"] in examined else 1.0 for c in primary]
    levels = {c["id"]: level for c, level in zip(primary, holm_levels(p_values, ALPHA))}
    wrong, compared = [], 0

    def compare(what, ours, theirs):
        nonlocal compared
        compared += 1
        if not agree(ours, theirs):
            wrong.append(f"{what}: {theirs} in verdicts.json, {ours} anew")

    for claim in claims:
        verdict, rows = verdicts.pop(claim["id"]), examined.get(claim["id"])
        name = claim["id"]
        if rows is None:
            compare(name, "not-run", verdict["status"])
            continue
        level, evidence = levels.get(name, ALPHA), verdict["evidence"]
        status, smaller = word(claim, rows, level, manifest)
        compare(f"{name}, verdict", status, verdict["status"])
        compare(f"{name}, smaller than claimed", smaller, verdict["smaller_than_claimed"])
        compare(f"{name}, level", level, evidence["level"])
        compare(f"{name}, p", claim_p(claim, rows)[0], evidence["p"])
        for row, said in zip(rows, evidence["rows"], strict=True):
            overlap = outcomes[claim["experiment"]].get("overlap")
            for key, value in numbers(claim, row, level, overlap, manifest).items():
                compare(f"{name} against {row.against}, {key}", value, said.get(key))
    untested = {claim["id"] for claim in manifest.get("untested", [])}
    if untested != set(verdicts):
        wrong.append(f"claims in verdicts.json that paper.yaml does not have: {set(verdicts) - untested}")
    print(f"{len(claims)} claims, {compared} numbers compared, {len(wrong)} differ")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
