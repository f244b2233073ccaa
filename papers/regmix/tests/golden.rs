//! Golden vectors: every case in tests/golden, made by the official code, within its tolerances.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::ArrayView2;
use regmix::{
    Gbdt, GbdtConfig, LinearModel, MixtureRules, best_mixture, mse, pearson, spearman, temper_prior,
};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Case {
    op: String,
    params: Map<String, Value>,
    inputs: BTreeMap<String, Array>,
    expect: BTreeMap<String, Array>,
    rtol: f64,
    atol: f64,
}

#[derive(Deserialize)]
struct Array {
    shape: Vec<usize>,
    data: Vec<f64>,
}

impl Case {
    fn matrix(&self, name: &str) -> ArrayView2<'_, f64> {
        let Array { shape, data } = &self.inputs[name];
        ArrayView2::from_shape((shape[0], shape[1]), data).unwrap()
    }

    fn vector(&self, name: &str) -> &[f64] {
        &self.inputs[name].data
    }

    fn number(&self, name: &str) -> f64 {
        self.params[name].as_f64().unwrap()
    }

    fn count(&self, name: &str) -> usize {
        self.params[name].as_u64().unwrap() as usize
    }
}

type Outputs = Vec<(&'static str, Vec<f64>)>;

fn compute(case: &Case) -> regmix::Result<Outputs> {
    Ok(match case.op.as_str() {
        "regmix.temper_prior" => {
            vec![("tempered", temper_prior(case.vector("prior"), case.number("temperature"))?)]
        }
        "regmix.postprocess" => {
            let rules = MixtureRules {
                minimum: case.number("minimum"),
                max_usage: case.number("max_usage"),
                dedup_l1: case.number("dedup_l1"),
            };
            let processed = rules.apply(case.vector("prior"), case.matrix("samples"))?;
            let accepted = processed.accepted.iter().map(|&accepted| f64::from(accepted)).collect();
            vec![("accepted", accepted), ("weights", processed.mixtures.into_raw_vec_and_offset().0)]
        }
        "regmix.select_topk" => {
            let mixture = best_mixture(case.matrix("samples"), case.vector("predicted"), case.count("k"))?;
            vec![("mixture", mixture)]
        }
        "regmix.metrics" => {
            let (predicted, actual) = (case.vector("predicted"), case.vector("actual"));
            vec![
                ("spearman", vec![spearman(predicted, actual)?]),
                ("pearson", vec![pearson(predicted, actual)?]),
                ("mse", vec![mse(predicted, actual)?]),
            ]
        }
        "regmix.linear_fit" => {
            let model = LinearModel::fit(case.matrix("x_train"), case.vector("y_train"))?;
            vec![
                ("pred_train", model.predict(case.matrix("x_train"))?),
                ("pred_test", model.predict(case.matrix("x_test"))?),
                ("intercept", vec![model.intercept]),
                ("coef", model.coefficients.clone()),
                ("coef_min_norm", model.coefficients),
            ]
        }
        "regmix.gbdt" => {
            let config = GbdtConfig {
                num_iterations: case.count("num_iterations"),
                learning_rate: case.number("learning_rate"),
                num_leaves: case.count("num_leaves"),
                min_data_in_leaf: case.count("min_data_in_leaf"),
                max_bin: case.count("max_bin"),
                min_data_in_bin: case.count("min_data_in_bin"),
            };
            let model = Gbdt::fit(case.matrix("x_train"), case.vector("y_train"), &config)?;
            vec![
                ("init_score", vec![model.init_score()]),
                ("pred_train", model.predict(case.matrix("x_train"))?),
                ("pred_test", model.predict(case.matrix("x_test"))?),
            ]
        }
        other => panic!("no such op: {other}"),
    })
}

/// Largest difference in units of what the case allows; `strict` replaces its tolerances.
fn worst_error(case: &Case, strict: Option<f64>) -> f64 {
    let outputs: BTreeMap<_, _> = compute(case).unwrap().into_iter().collect();
    let mut worst = 0.0_f64;
    for (name, expected) in &case.expect {
        let computed = &outputs[name.as_str()];
        assert_eq!(computed.len(), expected.data.len(), "{} {name}", case.op);
        for (computed, expected) in computed.iter().zip(&expected.data) {
            let allowed = strict.unwrap_or(case.atol + case.rtol * expected.abs());
            worst = worst.max((computed - expected).abs() / allowed);
        }
    }
    worst
}

fn cases(op: &str) -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let case: Case = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        if case.op == op {
            cases.push((path.file_name().unwrap().to_string_lossy().into_owned(), case));
        }
    }
    cases
}

fn check(op: &str, count: usize, strict: Option<f64>) {
    let cases = cases(op);
    assert_eq!(cases.len(), count, "cases of {op}");
    for (file, case) in cases {
        let worst = worst_error(&case, strict);
        assert!(worst <= 1.0, "{file}: {worst} times the tolerance");
    }
}

#[test]
fn tempered_priors() {
    check("regmix.temper_prior", 4, None);
}

#[test]
fn processed_mixtures() {
    check("regmix.postprocess", 4, None);
}

#[test]
fn selected_mixtures() {
    check("regmix.select_topk", 5, None);
}

#[test]
fn metrics() {
    check("regmix.metrics", 6, None);
}

#[test]
fn linear_models() {
    check("regmix.linear_fit", 4, None);
}

/// The vectors allow 2e-5; the trees are LightGBM's to 1e-12.
#[test]
fn trees() {
    check("regmix.gbdt", 6, Some(1e-12));
}
