use mixup_paper::golden::{Array, Computed};
use serde_json::json;

use super::*;

/// A case of `demo.double`: input `x`, output `y = 2 x`.
fn double() -> serde_json::Value {
    json!({
        "op": "demo.double", "source": "by hand", "params": {},
        "inputs": {"x": {"shape": [2, 2], "dtype": "f64", "data": [1.0, 2.0, 3.0, 4.0]}},
        "expect": {"y": {"shape": [2, 2], "dtype": "f64", "data": [2.0, 4.0, 6.0, 8.0]}},
        "grads": null, "rtol": 1e-6, "atol": 1e-9
    })
}

/// The double case with one place of its JSON replaced.
fn changed(pointer: &str, value: serde_json::Value) -> serde_json::Value {
    let mut case = double();
    *case.pointer_mut(pointer).unwrap() = value;
    case
}

fn doubling(case: &Case) -> Result<Computed, GoldenError> {
    let (shape, x) = case.array_of::<2>("x")?;
    Ok(Computed {
        outputs: BTreeMap::from([(
            "y".to_owned(),
            Array::floats(&shape, x.iter().map(|v| 2.0 * v).collect()),
        )]),
        ..Computed::default()
    })
}

fn folder(files: &[(&str, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn parity_tells_passes_from_every_kind_of_miss() {
    let with_op = |op: &str| changed("/op", json!(op)).to_string();
    let folder = folder(&[
        ("a/double-01.json", double().to_string()),
        ("a/double-02.json", changed("/expect/y/data/0", json!(2.5)).to_string()),
        ("b/panic.json", with_op("demo.panic")),
        ("b/refuse.json", with_op("demo.refuse")),
        ("b/stranger.json", with_op("demo.stranger")),
        ("b/torn.json", double().to_string()[..40].to_owned()),
        ("b/README.md", "not a case".to_owned()),
    ]);
    let ops: Ops = BTreeMap::from([
        ("demo.double", doubling as GoldenOp),
        ("demo.panic", |_| panic!("index out of bounds")),
        ("demo.refuse", |_| Err(GoldenError::Refused("h is 0".to_owned()))),
        ("demo.unused", doubling),
    ]);
    let parity = run(&[folder.path().to_owned()], &ops).unwrap();
    assert_eq!((parity.cases, parity.missed), (6, 5));
    let statuses: Vec<(&str, OpStatus)> = parity.ops.iter().map(|op| (op.op.as_str(), op.status)).collect();
    assert_eq!(
        statuses,
        [
            ("demo.double", OpStatus::Miss),
            ("demo.panic", OpStatus::Miss),
            ("demo.refuse", OpStatus::Miss),
            ("demo.stranger", OpStatus::Unknown),
        ]
    );
    let (file, worst) = parity.ops[0].worst.as_ref().unwrap();
    assert!(file.ends_with("a/double-02.json") && worst.error == 0.5);
    let text = parity.to_string();
    for line in [
        "double-02.json: expect.y: 1 of 4 values differ, worst at [0, 0]",
        "panic.json: the op panicked: index out of bounds",
        "refuse.json: the op refused the case: h is 0",
        "no paper knows the op `demo.stranger` (1 cases",
        "torn.json: EOF while parsing",
        "1 of 6 cases pass, 5 missed",
    ] {
        assert!(text.contains(line), "{text}\ndoes not say {line}");
    }
    let json = serde_json::to_string(&parity).unwrap();
    assert_eq!(serde_json::from_str::<Parity>(&json).unwrap(), parity);
}

#[test]
fn parity_refuses_a_path_without_cases() {
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(run(&[empty.path().to_owned()], &Ops::new()), Err(ParityError::Empty(_))));
    let absent = empty.path().join("absent");
    let error = run(&[absent], &Ops::new()).unwrap_err().to_string();
    assert!(error.contains("absent: No such file"), "{error}");
}

/// The dossiers' vectors lie outside the repository; where they are, every file must be readable.
#[test]
fn the_dossiers_vectors_are_all_read() {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let Some(folder) = above.map(|folder| folder.join("shared/golden")).find(|folder| folder.is_dir()) else {
        eprintln!("skipped: no folder shared/golden beside the repository");
        return;
    };
    let parity = run(&[folder], &Ops::new()).unwrap();
    assert_eq!(parity.unreadable, []);
    assert!(parity.cases >= 1455, "{} cases", parity.cases);
    assert!(parity.ops.iter().all(|op| op.status == OpStatus::Unknown));
}

#[test]
fn a_name_registered_twice_is_an_error() {
    let paper = |slug, name| Paper { slug, routines: Vec::new(), golden: vec![(name, doubling as GoldenOp)] };
    assert_eq!(ops(&[paper("a", "a.op"), paper("b", "b.op")]).unwrap().len(), 2);
    let error = ops(&[paper("a", "a.op"), paper("b", "a.op")]).unwrap_err();
    assert_eq!(error, "the golden op `a.op` is registered by a and again by b");
}
