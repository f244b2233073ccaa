//! L-BFGS, as small as a fit of forty hyper-parameters needs it (Nocedal and Wright, algorithm 7.4).

use std::collections::VecDeque;

use ndarray::Array1;

/// Pairs of steps and changes of the gradient that are remembered.
const MEMORY: usize = 10;

/// No coordinate goes further than this in one step: coordinates are logarithms.
const LONGEST: f64 = 2.0;

/// The decrease that a step must have, as a part of what the gradient promises.
const SUFFICIENT: f64 = 1e-4;

/// How often a step is halved before the search ends.
const HALVINGS: usize = 20;

/// A function's value and gradient; nothing where it is not defined.
pub(crate) type Evaluated = Option<(f64, Array1<f64>)>;

/// The point that a search ended at, and the function's value there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Minimum {
    pub(crate) point: Array1<f64>,
    pub(crate) value: f64,
}

/// Searches for a minimum from `start` until a step gains less than `tolerance`, in `iterations` steps at
/// most; nothing where the function is not defined at the start.
pub(crate) fn minimise(
    mut function: impl FnMut(&Array1<f64>) -> Evaluated,
    start: Array1<f64>,
    tolerance: f64,
    iterations: usize,
) -> Option<Minimum> {
    let (mut value, mut gradient) = function(&start)?;
    let mut point = start;
    let mut memory: VecDeque<(Array1<f64>, Array1<f64>)> = VecDeque::with_capacity(MEMORY);
    for _ in 0..iterations {
        let mut direction = -two_loops(&memory, &gradient);
        let largest = direction.iter().fold(0.0_f64, |largest, part| largest.max(part.abs()));
        // Without a memory the gradient's length says nothing about the distance.
        let most = if memory.is_empty() {
            LONGEST.min(largest / gradient.dot(&gradient).sqrt().max(1.0))
        } else {
            LONGEST
        };
        if largest > most {
            direction *= most / largest;
        }
        let slope = direction.dot(&gradient);
        if slope >= 0.0 {
            break;
        }
        let Some((length, next, next_gradient)) =
            line_search(&mut function, &point, &direction, value, slope)
        else {
            break;
        };
        let step = direction * length;
        let change = &next_gradient - &gradient;
        if step.dot(&change) > 0.0 {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back((step.clone(), change));
        }
        let gained = value - next;
        point += &step;
        (value, gradient) = (next, next_gradient);
        if gained < tolerance {
            break;
        }
    }
    Some(Minimum { point, value })
}

/// Halves the step until the function falls enough: the step's length, and value and gradient behind it.
fn line_search(
    function: &mut impl FnMut(&Array1<f64>) -> Evaluated,
    point: &Array1<f64>,
    direction: &Array1<f64>,
    value: f64,
    slope: f64,
) -> Option<(f64, f64, Array1<f64>)> {
    let mut length = 1.0;
    for _ in 0..HALVINGS {
        if let Some((next, gradient)) = function(&(point + &(direction * length)))
            && next <= value + SUFFICIENT * length * slope
        {
            return Some((length, next, gradient));
        }
        length /= 2.0;
    }
    None
}

/// The gradient times the remembered estimate of the inverse Hessian.
fn two_loops(memory: &VecDeque<(Array1<f64>, Array1<f64>)>, gradient: &Array1<f64>) -> Array1<f64> {
    let mut direction = gradient.clone();
    let mut parts = Vec::with_capacity(memory.len());
    for (step, change) in memory.iter().rev() {
        let part = step.dot(&direction) / step.dot(change);
        direction.scaled_add(-part, change);
        parts.push(part);
    }
    if let Some((step, change)) = memory.back() {
        direction *= step.dot(change) / change.dot(change);
    }
    for ((step, change), part) in memory.iter().zip(parts.into_iter().rev()) {
        let other = change.dot(&direction) / step.dot(change);
        direction.scaled_add(part - other, step);
    }
    direction
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Rosenbrock's valley, with its minimum 0 at (1, 1).
    fn valley(at: &Array1<f64>) -> Evaluated {
        let (x, y) = (at[0], at[1]);
        let value = (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
        Some((value, array![-2.0 * (1.0 - x) - 400.0 * x * (y - x * x), 200.0 * (y - x * x)]))
    }

    #[test]
    fn a_bent_valley_is_followed_to_its_end() {
        let minimum = minimise(valley, array![-1.2, 1.0], 1e-14, 200).unwrap();
        assert!(minimum.value < 1e-10, "{minimum:?}");
        assert!((minimum.point - array![1.0, 1.0]).iter().all(|error| error.abs() < 1e-4));
    }

    #[test]
    fn where_it_is_not_defined_steps_are_halved() {
        // ln x - x from x = 0.1: a step of the gradient's length leaves the domain.
        let function =
            |at: &Array1<f64>| (at[0] > 0.0).then(|| (at[0] - at[0].ln(), array![1.0 - 1.0 / at[0]]));
        let minimum = minimise(function, array![5.0], 1e-14, 100).unwrap();
        assert!((minimum.point[0] - 1.0).abs() < 1e-5, "{minimum:?}");
        assert_eq!(minimise(function, array![-1.0], 1e-14, 100), None);
    }
}
