//! Loops compiled for the machine's widest instructions, and functions that vectorise in them.

use pulp::Arch;

/// Runs a loop as compiled for the instruction set that this machine has (AVX-512, AVX2 or
/// baseline), chosen at run time. The loop vectorises by itself; mark the closure
/// `#[inline(always)]`.
#[inline(always)]
pub(crate) fn simd<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
}

/// Lanes of the sums: fixed, so that a sum does not depend on the instruction set's width.
pub(crate) const LANES: usize = 16;

/// Sum over `f` of the pairs, in a fixed order.
#[inline(always)]
pub(crate) fn sum2(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(&a, &b)| f(a, b)).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += f(a[lane], b[lane]);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// Sum over `f` of the triples, in a fixed order.
#[inline(always)]
pub(crate) fn sum3(a: &[f32], b: &[f32], c: &[f32], f: impl Fn(f32, f32, f32) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let whole = a.len() / LANES * LANES;
    let (b, c) = (&b[..a.len()], &c[..a.len()]);
    for start in (0..whole).step_by(LANES) {
        let (a, b, c) = (&a[start..start + LANES], &b[start..start + LANES], &c[start..start + LANES]);
        for lane in 0..LANES {
            lanes[lane] += f(a[lane], b[lane], c[lane]);
        }
    }
    let rest: f32 = (whole..a.len()).map(|i| f(a[i], b[i], c[i])).sum();
    lanes.iter().sum::<f32>() + rest
}

/// Sum over `f` of the values, in a fixed order.
#[inline(always)]
pub(crate) fn sum(a: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    sum2(a, a, |a, _| f(a))
}

/// Largest value; minus infinity for none.
#[inline(always)]
pub(crate) fn max(a: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = a.chunks_exact(LANES);
    let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = if chunk[lane] > lanes[lane] { chunk[lane] } else { lanes[lane] };
        }
    }
    lanes.iter().copied().fold(rest, f32::max)
}

/// `e^x` to about one unit in the last place, without a branch or a call, so that loops over it vectorise.
///
/// `e^x = 2^n e^r` with `|r| <= ln 2 / 2`; `e^r` by its Taylor polynomial of degree 7. Below -87.3
/// the result is at most 1.3e-38; above 88.7 infinity; NaN stays NaN.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to an integer in the low mantissa bits
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let clamped = if x < -87.3 { -87.3 } else { x };
    let clamped = if clamped > 89.0 { 89.0 } else { clamped };
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = clamped - n * LN2_HIGH - n * LN2_LOW;
    let p = 1.0 / 5040.0;
    let p = p * r + 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = p * r + 1.0;
    let p = p * r + 1.0;
    // n is -126..=128; the power is built in two factors, because 2^128 has no f32.
    let n = shifted.to_bits() as i32 - ROUND.to_bits() as i32;
    let half = n >> 1;
    let power = |n: i32| f32::from_bits(((n + 127) as u32) << 23);
    p * power(half) * power(n - half)
}

/// Logistic function.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Hyperbolic tangent: `1 - 2 / (e^2x + 1)`, and near zero, where that cancels, its odd polynomial.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let far = 1.0 - 2.0 / (exp(2.0 * x) + 1.0);
    let s = x * x;
    let near = x
        * (1.0
            + s * (-1.0 / 3.0
                + s * (2.0 / 15.0 + s * (-17.0 / 315.0 + s * (62.0 / 2835.0 - s * (1382.0 / 155_925.0))))));
    if s < 0.09 { near } else { far }
}

/// Error function, absolute error below 3e-7 (Abramowitz and Stegun, 7.1.26, and near zero its
/// power series).
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    const TWO_OVER_ROOT_PI: f32 = std::f32::consts::FRAC_2_SQRT_PI;
    let a = x.abs();
    let s = x * x;
    let near = TWO_OVER_ROOT_PI
        * a
        * (1.0 + s * (-1.0 / 3.0 + s * (1.0 / 10.0 + s * (-1.0 / 42.0 + s * (1.0 / 216.0 - s / 1320.0)))));
    let t = 1.0 / (1.0 + 0.327_591_1 * a);
    let p = t * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))));
    let far = 1.0 - p * exp(-s);
    let magnitude = if a < 0.5 { near } else { far };
    if x < 0.0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64, from: f32, to: f32) -> f64 {
        let steps = 100_000;
        let x = |i: usize| from + (to - from) * i as f32 / steps as f32;
        let error = |x: f32| {
            let exact = exact(f64::from(x));
            (f64::from(f(x)) - exact).abs() / exact.abs().max(1e-30)
        };
        (0..=steps).map(x).map(error).fold(0.0, f64::max)
    }

    /// A feature of `pulp` that is off would leave a machine without AVX-512 to the baseline, three times slower.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_machine_s_widest_instructions_are_used() {
        struct Width;
        impl pulp::WithSimd for Width {
            type Output = usize;
            fn with_simd<S: pulp::Simd>(self, _: S) -> usize {
                S::F32_LANES
            }
        }
        let expected = match (pulp::x86::V4::try_new(), pulp::x86::V3::try_new()) {
            (Some(_), _) => 16,
            (None, Some(_)) => 8,
            (None, None) => return eprintln!("skipped: this processor has no AVX2"),
        };
        assert_eq!(Arch::new().dispatch(Width), expected);
    }

    #[test]
    fn exp_is_accurate_over_its_range() {
        assert!(worst(exp, f64::exp, -87.0, 88.7) < 4e-7, "{}", worst(exp, f64::exp, -87.0, 88.7));
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(100.0), f32::INFINITY);
        assert!(exp(-1e30) < 1.3e-38 && exp(f32::NEG_INFINITY) < 1.3e-38);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn tanh_and_sigmoid_are_accurate() {
        assert!(worst(tanh, f64::tanh, -12.0, 12.0) < 1e-6, "{}", worst(tanh, f64::tanh, -12.0, 12.0));
        let exact = |x: f64| 1.0 / (1.0 + (-x).exp());
        assert!(worst(sigmoid, exact, -80.0, 80.0) < 1e-6);
        assert!((tanh(100.0), tanh(-100.0), tanh(0.0)) == (1.0, -1.0, 0.0));
    }

    #[test]
    fn erf_matches_its_table() {
        // Abramowitz and Stegun, table 7.1.
        let table = [
            (0.0, 0.0),
            (0.1, 0.112_462_916),
            (0.5, 0.520_499_878),
            (1.0, 0.842_700_793),
            (2.0, 0.995_322_265),
        ];
        for (x, exact) in table {
            let error = |sign: f32| f64::from(sign * erf(sign * x)) - exact;
            assert!(error(1.0).abs() < 3e-7 && error(-1.0).abs() < 3e-7, "{x}: {}", erf(x));
        }
    }

    #[test]
    fn sums_and_maxima_see_every_value() {
        let values: Vec<f32> = (0..53).map(|i| i as f32).collect();
        assert_eq!(sum(&values, |v| v), 1378.0);
        assert_eq!(sum2(&values, &values, |a, b| a - b + 1.0), 53.0);
        assert_eq!((max(&values), max(&values[..3])), (52.0, 2.0));
    }
}
