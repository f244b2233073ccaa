"""Inference about paired differences, with scipy; nothing here was translated from the Rust code.

A comparison is a design ('fixed', 'sequential' or 'bootstrap') and a list of repetitions, each a
list of differences. Of a bootstrap the first value is the original sample's.
"""

import numpy as np
from scipy import optimize, stats

EFFECT_VARIANCE = 1.0


class Comparison:
    def __init__(self, design, repetitions):
        self.design = design
        self.repetitions = [np.asarray(r, dtype=float) for r in repetitions]
        self.every = np.concatenate(self.repetitions)
        if design == "bootstrap":
            shortest = min(map(len, self.repetitions))
            averaged = np.mean([r[:shortest] for r in self.repetitions], axis=0)
            self.original, self.every = averaged[0], averaged[1:]

    def estimate(self):
        return self.original if self.design == "bootstrap" else self.every.mean()

    def freedom(self):
        return sum(len(r) - 1 for r in self.repetitions)

    def std(self):
        if self.design == "bootstrap":
            return self.every.std(ddof=1)
        within = sum(((r - r.mean()) ** 2).sum() for r in self.repetitions)
        return np.sqrt(within / self.freedom())

    def share_below(self):
        ties = abs(self.every) <= 1e-9 * abs(self.every).max()
        return ((self.every < 0) & ~ties).mean() + ties.mean() / 2

    def standard_error(self, overlap=0.0):
        return self.std() * np.sqrt(1 / len(self.every) + overlap)

    def log_e(self, mean, overlap=0.0):
        """The Bayes factor as a ratio of densities of t: with the prior t is that of a wider one."""
        total = np.zeros_like(np.asarray(mean, dtype=float))
        for r in self.repetitions:
            n = len(r)
            t = (r.mean() - mean) / (r.std(ddof=1) * np.sqrt(1 / n + overlap))
            wider = np.sqrt(1 + n * EFFECT_VARIANCE)
            under = stats.t(n - 1)
            total = total + under.logpdf(t / wider) - np.log(wider) - under.logpdf(t)
        return total

    def p_value(self, mean):
        if self.design == "sequential":
            return min(1.0, float(np.exp(-self.log_e(mean))))
        return min(1.0, 2 * min(self.p_above(mean), self.p_below(mean)))

    def p_above(self, bound):
        """Against means at or below the bound."""
        return self.beyond(bound, 1)

    def p_below(self, bound):
        """Against means at or above the bound."""
        return self.beyond(bound, -1)

    def beyond(self, bound, side):
        if self.design == "bootstrap":
            return (np.sum(side * self.every <= side * bound) + 1) / (len(self.every) + 1)
        if self.design == "fixed":
            return stats.t.sf(side * (self.estimate() - bound) / self.standard_error(), self.freedom())
        if np.isinf(bound):
            return 1.0  # every mean lies on that side, the seen one too
        means = np.array([r.mean() for r in self.repetitions])
        ends = sorted([bound, min(bound, means.min()) if side > 0 else max(bound, means.max())])
        return min(1.0, float(np.exp(-self.least(*ends))))

    def least(self, low, high):
        """The least log E between two means: on a grid, refined beside its best point."""
        grid = np.linspace(low, high, 100_001)
        values = self.log_e(grid)
        best = values.argmin()
        around = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        if around[0] == around[1]:
            return values[best]
        refined = optimize.minimize_scalar(
            self.log_e, bounds=around, method="bounded", options={"xatol": 1e-14}
        )
        return min(values[best], refined.fun)

    def within(self, low, high):
        return max(
            0.0 if low == -np.inf else self.p_above(low), 0.0 if high == np.inf else self.p_below(high)
        )

    def interval(self, alpha, overlap=0.0):
        if self.design == "fixed":
            half = stats.t.isf(alpha / 2, self.freedom()) * self.standard_error(overlap)
            return self.estimate() - half, self.estimate() + half
        if self.design == "bootstrap":
            kept = [value for value in self.every if self.p_value(value) >= alpha]
            # Means beyond every resample have the least p there is.
            unbounded = self.p_value(self.every.max() + 1) >= alpha
            return None if unbounded or not kept else (min(kept), max(kept))
        return self.e_interval(alpha, overlap)

    def e_interval(self, alpha, overlap):
        def excess(mean):
            return self.log_e(mean, overlap) + np.log(alpha)

        means = np.array([r.mean() for r in self.repetitions])
        scale = max(r.std(ddof=1) for r in self.repetitions) * np.sqrt(1 + overlap)
        if excess(means.max() + 1e8 * scale) <= 0:
            return None
        reach = scale
        while min(excess(means.min() - reach), excess(means.max() + reach)) <= 0:
            reach *= 2
        grid = np.linspace(means.min() - reach, means.max() + reach, 200_001)
        grid = np.sort(np.concatenate([grid, means]))
        kept = np.flatnonzero(excess(grid) <= 0)
        if len(kept) == 0:
            return None
        tight = {"xtol": 1e-15, "rtol": 1e-14}
        low = optimize.brentq(excess, grid[kept[0] - 1], grid[kept[0]], **tight)
        high = optimize.brentq(excess, grid[kept[-1]], grid[kept[-1] + 1], **tight)
        return low, high


class Trend:
    """Page's test; `values[row][unit]` in the claimed ascending order."""

    def __init__(self, design, values):
        self.design = design
        self.units = np.asarray(values, dtype=float).T
        rows = self.units.shape[1]
        place = np.arange(1, rows + 1)
        ranks = stats.rankdata(self.units, axis=1)
        statistic = ranks @ place
        centre, largest = rows * (rows + 1) ** 2 / 4, rows * (rows + 1) * (2 * rows + 1) / 6
        self.scores = (statistic - centre) / (largest - centre)
        self.resampled = Comparison("bootstrap", [self.scores]) if design == "bootstrap" else None
        self.sigma = 1 / np.sqrt(rows - 1)

    def estimate(self):
        return self.scores[0] if self.resampled else self.scores.mean()

    def log_e(self):
        narrow = self.sigma / np.sqrt(len(self.scores))
        wide = self.sigma * np.sqrt(1 / len(self.scores) + EFFECT_VARIANCE)
        return stats.norm.logpdf(self.estimate(), 0, wide) - stats.norm.logpdf(self.estimate(), 0, narrow)

    def p_value(self):
        if self.resampled:
            return self.resampled.p_value(0.0)
        if self.design == "sequential":
            return min(1.0, float(np.exp(-self.log_e())))
        rising = self.units if self.estimate() >= 0 else self.units[:, ::-1]
        if rising.shape[1] < 3:
            return 2 * stats.norm.sf(abs(self.estimate()) * np.sqrt(len(self.scores)) / self.sigma)
        return min(1.0, 2 * stats.page_trend_test(rising, method="asymptotic").pvalue)

    def interval(self, alpha):
        if self.resampled:
            return self.resampled.interval(alpha)
        if self.design == "sequential":
            narrow = self.sigma / np.sqrt(len(self.scores))
            wide = self.sigma * np.sqrt(1 / len(self.scores) + EFFECT_VARIANCE)

            def excess(off):
                return stats.norm.logpdf(off, 0, wide) - stats.norm.logpdf(off, 0, narrow) + np.log(alpha)

            half = optimize.brentq(excess, 0, 100 * wide, xtol=1e-15, rtol=1e-14)
        else:
            half = stats.norm.isf(alpha / 2) * self.sigma / np.sqrt(len(self.scores))
        return max(-1.0, self.estimate() - half), min(1.0, self.estimate() + half)


def holm_levels(p_values, alpha):
    """Each test's level: that of its own step, or of the step at which Holm's procedure stopped."""
    levels, left = [alpha] * len(p_values), len(p_values)
    ascending = sorted(range(len(p_values)), key=lambda i: p_values[i])
    for step, i in enumerate(ascending):
        level = alpha / left
        levels[i] = level
        if p_values[i] >= level:
            for later in ascending[step:]:
                levels[later] = level
            break
        left -= 1
    return levels
