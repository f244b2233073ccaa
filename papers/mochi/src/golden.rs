//! The golden ops: the paper's equations.

use burn::tensor::Tensor;
use mixup_core::loss::metric::unit_rows;
use mixup_core::tensor::{select_rows, to_host};
use mixup_core::train::Queue;
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome, precision};

use crate::loss::{contrastive, logits, proxy_accuracy};
use crate::synthetic::{Between, Excluded, Toward, between, hardest, similarities, toward};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("mochi.hardest", find_hardest),
        ("mochi.type1", type1),
        ("mochi.type2", type2),
        ("mochi.loss", loss),
        ("mochi.enqueue", enqueue),
        ("mochi.proxy_acc", proxy_acc),
    ]
}

/// Rows of whole numbers.
fn rows(case: &Case, name: &str) -> Result<Vec<Vec<usize>>, GoldenError> {
    let ([_, columns], _) = case.array_of::<2>(name)?;
    Ok(case.indices(name)?.chunks(columns.max(1)).map(<[usize]>::to_vec).collect())
}

fn shares(case: &Case, name: &str) -> Result<Vec<Vec<f64>>, GoldenError> {
    let ([_, columns], data) = case.array_of::<2>(name)?;
    Ok(data.chunks(columns.max(1)).map(<[f64]>::to_vec).collect())
}

fn between_draws(case: &Case, [i, j]: [&str; 2]) -> Result<Vec<Vec<Between>>, GoldenError> {
    let (i, j, alpha) = (rows(case, i)?, rows(case, j)?, shares(case, "alpha")?);
    let of_query = |((i, j), alpha): ((Vec<usize>, Vec<usize>), Vec<f64>)| {
        let draws = i.into_iter().zip(j).zip(alpha);
        draws.map(|((i, j), share)| Between { hard: [i, j], share }).collect()
    };
    Ok(i.into_iter().zip(j).zip(alpha).map(of_query).collect())
}

fn toward_draws(case: &Case, i: &str) -> Result<Vec<Vec<Toward>>, GoldenError> {
    let (i, beta) = (rows(case, i)?, shares(case, "beta")?);
    let of_query = |(i, beta): (Vec<usize>, Vec<f64>)| {
        i.into_iter().zip(beta).map(|(hard, share)| Toward { hard, share }).collect()
    };
    Ok(i.into_iter().zip(beta).map(of_query).collect())
}

fn whole(rows: &[Vec<usize>]) -> Array {
    let columns = rows.first().map_or(0, Vec::len);
    Array { shape: vec![rows.len(), columns], ..Array::indices(&rows.concat()) }
}

fn find_hardest(case: &Case) -> Outcome {
    let similarities = similarities(case.tracked::<2>("q")?, case.tracked::<2>("queue")?)?;
    let hardest = hardest(&similarities, case.param_count("n_hard")?, &Excluded::nothing());
    let of_query =
        |(query, keys): (usize, &Vec<usize>)| keys.iter().map(|key| similarities[[query, *key]]).collect();
    let sims: Vec<Vec<f64>> = hardest.iter().enumerate().map(of_query).collect();
    let indices = whole(&hardest);
    Ok(Computed::of([("sims", Array::floats(&indices.shape, sims.concat())), ("indices", indices)]))
}

fn type1(case: &Case) -> Outcome {
    let draws = between_draws(case, ["i", "j"])?;
    let synthetic = between(case.tracked::<2>("queue")?, &rows(case, "hard_idx")?, &draws)?;
    Ok(Computed::of([("synthetic", Array::from_tensor(synthetic)?)]))
}

fn type2(case: &Case) -> Outcome {
    let (q, queue) = (case.tracked::<2>("q")?, case.tracked::<2>("queue")?);
    let synthetic = toward(q, queue, &rows(case, "hard_idx")?, &toward_draws(case, "i")?)?;
    Ok(Computed::of([("synthetic", Array::from_tensor(synthetic)?)]))
}

fn loss(case: &Case) -> Outcome {
    let raw = case.tracked::<2>("q")?;
    let (queries, keys) = (unit_rows(raw.clone()), unit_rows(case.tracked::<2>("k")?));
    let queue = case.tracked::<2>("queue")?;
    let excluded = Excluded::nothing();
    let similarities = similarities(queries.clone(), queue.clone())?;
    let hardest = hardest(&similarities, case.param_count("n_hard")?, &excluded);
    let mut synthetics: Vec<Tensor<3>> = Vec::new();
    if case.param_usize("s1")? > 0 {
        let draws = between_draws(case, ["type1_i", "type1_j"])?;
        synthetics.push(between(queue.clone(), &hardest, &draws)?);
    }
    if case.param_usize("s2")? > 0 {
        let draws = toward_draws(case, "type2_i")?;
        synthetics.push(toward(queries.clone(), queue.clone(), &hardest, &draws)?);
    }
    let logits = logits(queries, keys, queue, &synthetics, case.param_positive("tau")?, &excluded)?;
    let loss = contrastive(logits.clone());
    let gradients = loss.backward();
    Computed::of([
        ("loss", Array::loss(loss)?),
        ("logits", Array::from_tensor(logits)?),
        ("hard_idx", whole(&hardest)),
    ])
    .with_gradient("q", &raw, &gradients)
}

/// By way of mixup-core's queue, which holds numbers of rows here: these are exact in its single precision.
fn enqueue(case: &Case) -> Outcome {
    let (rows, keys) = (case.tracked::<2>("queue")?, case.tracked::<2>("keys")?);
    let (size, count, start) = (rows.dims()[0], keys.dims()[0], case.param_usize("ptr")?);
    let mut queue = Queue::new(size, 1, &precision().0)?;
    let numbers = |numbers: Vec<usize>| {
        let numbers: Vec<f32> = numbers.into_iter().map(|number| number as f32).collect();
        let shape = [numbers.len(), 1];
        Tensor::<2>::from_data(burn::tensor::TensorData::new(numbers, shape), &precision().0)
    };
    // Filled so that the next place is `ptr`.
    if start > 0 {
        queue.push(numbers(vec![0; start]))?;
    }
    queue.push(numbers((start..size).chain(0..start).collect()))?;
    queue.push(numbers((size..size + count).collect()))?;
    let held = queue.rows().ok_or_else(|| GoldenError::Malformed("an empty queue".into()))?;
    let held: Vec<usize> = to_host(held)?.into_iter().map(|number| number as usize).collect();
    let all = select_rows(Tensor::cat(vec![rows, keys], 0), &held)?;
    Ok(Computed::of([
        ("queue", Array::from_tensor(all)?),
        ("ptr", Array { shape: Vec::new(), ..Array::indices(&[(start + count) % size]) }),
    ]))
}

fn proxy_acc(case: &Case) -> Outcome {
    let (q, k) = (case.tracked::<2>("q")?, case.tracked::<2>("k")?);
    let similarities = similarities(q.clone(), case.tracked::<2>("queue")?)?;
    let own = to_host((q * k).sum_dim(1))?;
    Ok(Computed::of([("acc", Array::scalar(proxy_accuracy(&own, &similarities, &Excluded::nothing())))]))
}
