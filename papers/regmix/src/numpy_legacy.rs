//! The random numbers of the official code: `np.random` as `np.random.seed` leaves it and Python's
//! `random`, both on the Mersenne Twister. With them the printed mixture comes out to its last
//! digit; without them it moves by about 0.01.

use rand_mt::Mt;

use crate::draws::{Draws, normalised_gammas};
use mixup_routines::proxies::Result;

/// `np.random.seed(seed)` and `random.seed(seed)`, as the official scripts call them.
///
/// The samplers are those of NumPy's `RandomState`, which NumPy keeps unchanged for ever: the polar
/// method for normal numbers, two rejection methods for Gamma numbers. Logarithm and power come from the system's mathematical library, as NumPy's do; another
/// library may differ in the last bit.
#[derive(Debug, Clone)]
pub struct NumpyLegacy {
    numpy: Mt,
    python: Mt,
    spare_normal: Option<f64>,
}

impl NumpyLegacy {
    /// Both generators, seeded alike.
    pub fn seeded(seed: u32) -> Self {
        Self { numpy: Mt::new(seed), python: Mt::new_with_key([seed]), spare_normal: None }
    }

    /// Uniform in [0, 1) with 53 random bits.
    fn uniform(&mut self) -> f64 {
        let high = f64::from(self.numpy.next_u32() >> 5);
        let low = f64::from(self.numpy.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    fn exponential(&mut self) -> f64 {
        -(1.0 - self.uniform()).ln()
    }

    /// Polar method; every second number was made together with the one before.
    fn normal(&mut self) -> f64 {
        if let Some(normal) = self.spare_normal.take() {
            return normal;
        }
        loop {
            let x = 2.0 * self.uniform() - 1.0;
            let y = 2.0 * self.uniform() - 1.0;
            let radius = x * x + y * y;
            if radius < 1.0 && radius != 0.0 {
                let scale = (-2.0 * radius.ln() / radius).sqrt();
                self.spare_normal = Some(scale * x);
                return scale * y;
            }
        }
    }

    fn gamma(&mut self, shape: f64) -> f64 {
        if shape == 1.0 {
            self.exponential()
        } else if shape < 1.0 {
            self.gamma_below_one(shape)
        } else {
            self.gamma_above_one(shape)
        }
    }

    /// Rejection from a power law below 1 and an exponential above it.
    fn gamma_below_one(&mut self, shape: f64) -> f64 {
        loop {
            let u = self.uniform();
            let v = self.exponential();
            if u <= 1.0 - shape {
                let x = u.powf(1.0 / shape);
                if x <= v {
                    return x;
                }
            } else {
                let y = -((1.0 - u) / shape).ln();
                let x = (1.0 - shape + shape * y).powf(1.0 / shape);
                if x <= v + y {
                    return x;
                }
            }
        }
    }

    /// Marsaglia and Tsang's method.
    fn gamma_above_one(&mut self, shape: f64) -> f64 {
        let b = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * b).sqrt();
        loop {
            let x = self.normal();
            let v = 1.0 + c * x;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            let u = self.uniform();
            if u < 1.0 - 0.0331 * (x * x) * (x * x) || u.ln() < 0.5 * x * x + b * (1.0 - v + v.ln()) {
                return b * v;
            }
        }
    }
}

impl Draws for NumpyLegacy {
    /// `np.random.dirichlet(concentration)`.
    fn dirichlet(&mut self, concentration: &[f64]) -> Result<Vec<f64>> {
        normalised_gammas(concentration, |shape| Ok(self.gamma(shape)))
    }

    /// `random.randrange(bound)`: as many leading bits as `bound` has, until they are below it.
    fn below(&mut self, bound: u32) -> u32 {
        if bound == 0 {
            return 0;
        }
        loop {
            let candidate = self.python.next_u32() >> bound.leading_zeros();
            if candidate < bound {
                return candidate;
            }
        }
    }
}
