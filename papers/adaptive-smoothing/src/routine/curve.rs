//! Accuracy on images as they are against accuracy under attack, over alpha.

/// The alphas of a curve, from the accurate network to the robust one.
pub(super) const GRID: [f64; 11] = [0.0, 0.25, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9, 1.0];

/// Points of attacked accuracy that may be given up for the [`Curve::gain`].
const GIVEN_UP: f64 = 2.0;

/// Percent of right answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) clean: f64,
    pub(super) attacked: f64,
}

impl Point {
    fn towards(self, other: Self, share: f64) -> Self {
        let between = |a: f64, b: f64| a + share * (b - a);
        Self { clean: between(self.clean, other.clean), attacked: between(self.attacked, other.attacked) }
    }
}

/// Points over growing alphas; the first and the last are the networks alone where their alphas are 0 and 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve(pub(super) Vec<(f64, Point)>);

impl Curve {
    /// The straight line between the ends, on the grid.
    pub(super) fn chord(&self) -> Self {
        match (self.0.first(), self.0.last()) {
            (Some((_, first)), Some((_, last))) => {
                Self(GRID.map(|alpha| (alpha, first.towards(*last, alpha))).to_vec())
            }
            _ => Self(Vec::new()),
        }
    }

    fn ends(&self) -> Option<[Point; 2]> {
        Some([self.0.first()?.1, self.0.last()?.1])
    }

    /// The point at an alpha of the curve.
    pub(super) fn at(&self, alpha: f64) -> Option<Point> {
        self.0.iter().find(|(known, _)| *known == alpha).map(|(_, point)| *point)
    }

    /// From the robust end downwards, how much of the accuracy between the two networks is won where two points of attacked
    /// accuracy are given up, in percent: on a straight line between neighbours.
    pub(super) fn gain(&self) -> Option<f64> {
        let [standard, robust] = self.ends()?;
        let bound = robust.attacked - GIVEN_UP;
        let steps = self.0.iter().rev().zip(self.0.iter().rev().skip(1));
        let crossing =
            steps.map(|(above, below)| (above.1, below.1)).find(|(_, below)| below.attacked <= bound);
        let clean = match crossing {
            None => standard.clean,
            Some((above, below)) => {
                let share = (above.attacked - bound) / (above.attacked - below.attacked);
                above.towards(below, share.clamp(0.0, 1.0)).clean
            }
        };
        Some(100.0 * (clean - robust.clean) / (standard.clean - robust.clean))
    }

    /// Area between the curve and its chord, over the rectangle of the ends, in percent: at most 50, below 0 under the
    /// chord.
    pub(super) fn area(&self) -> Option<f64> {
        let [standard, robust] = self.ends()?;
        let pieces = self.0.windows(2).map(|pair| {
            let [(_, one), (_, other)] = [pair[0], pair[1]];
            (other.attacked - one.attacked) * 0.5 * (one.clean + other.clean - 2.0 * robust.clean)
        });
        let rectangle = (robust.attacked - standard.attacked) * (standard.clean - robust.clean);
        Some(100.0 * pieces.sum::<f64>() / rectangle - 50.0)
    }

    /// How much of the attacked accuracy between the two networks comes between alphas 0.45 and 0.55, in percent; 10 on
    /// the chord.
    pub(super) fn jump(&self) -> Option<f64> {
        let [standard, robust] = self.ends()?;
        let rise = self.at(0.55)?.attacked - self.at(0.45)?.attacked;
        Some(100.0 * rise / (robust.attacked - standard.attacked))
    }

    /// Accuracy on images as they are where the curve has this accuracy under attack, the most accurate of several such
    /// places; that of the nearer end beyond the ends.
    pub(super) fn clean_at(&self, attacked: f64) -> Option<f64> {
        let places = self.0.windows(2).filter_map(|pair| {
            let [(_, one), (_, other)] = [pair[0], pair[1]];
            let (low, high) = (one.attacked.min(other.attacked), one.attacked.max(other.attacked));
            (low <= attacked && attacked <= high && low < high).then(|| {
                one.towards(other, (attacked - one.attacked) / (other.attacked - one.attacked)).clean
            })
        });
        let nearest = |a: &&(f64, Point), b: &&(f64, Point)| {
            let distance = |at: &(f64, Point)| (at.1.attacked - attacked).abs();
            distance(a).total_cmp(&distance(b))
        };
        places.reduce(f64::max).or_else(|| self.0.iter().min_by(nearest).map(|(_, point)| point.clean))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(f64, f64, f64)]) -> Curve {
        Curve(points.iter().map(|&(alpha, clean, attacked)| (alpha, Point { clean, attacked })).collect())
    }

    #[test]
    fn a_chord_gains_what_it_gives_up() {
        let chord = curve(&[(0.0, 90.0, 0.0), (1.0, 80.0, 50.0)]).chord();
        let close = |value: Option<f64>, want: f64| (value.unwrap() - want).abs() < 1e-9;
        assert!(close(chord.area(), 0.0) && close(chord.jump(), 10.0), "{chord:?}");
        // Two points of fifty.
        assert!(close(chord.gain(), 4.0));
        assert!(close(chord.clean_at(25.0), 85.0) && close(chord.clean_at(70.0), 80.0));
    }

    #[test]
    fn a_curve_above_its_chord() {
        let bent = curve(&[(0.0, 90.0, 0.0), (0.45, 90.0, 0.0), (0.55, 90.0, 49.0), (1.0, 80.0, 50.0)]);
        // Nearly all of the rectangle.
        assert!((bent.area().unwrap() - 49.0).abs() < 1.1, "{:?}", bent.area());
        assert!((bent.jump().unwrap() - 98.0).abs() < 1e-9);
        assert!((bent.gain().unwrap() - 100.0).abs() < 1e-9);
        let below = curve(&[(0.0, 90.0, 0.0), (0.5, 80.0, 0.0), (1.0, 80.0, 50.0)]);
        assert!((below.area().unwrap() + 50.0).abs() < 1e-9);
        assert!(curve(&[(0.0, 90.0, 0.0)]).jump().is_none());
    }
}
