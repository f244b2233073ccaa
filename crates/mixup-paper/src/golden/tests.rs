use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A case of `demo.double`: input `x`, output `y = 2 x`.
fn double() -> serde_json::Value {
    json!({
        "op": "demo.double", "source": "by hand", "params": {"h": 1.5, "n": 3, "flag": true, "kind": "top", "v": [1, 2.5], "off": null},
        "inputs": {"x": {"shape": [2, 2], "dtype": "f64", "data": [1.0, 2.0, 3.0, 4.0]}},
        "expect": {"y": {"shape": [2, 2], "dtype": "f64", "data": [2.0, 4.0, 6.0, 8.0]}},
        "grads": null, "rtol": 1e-6, "atol": 1e-9, "note": "free text"
    })
}

fn parsed(value: &serde_json::Value) -> serde_json::Result<Case> {
    Case::parse(value.to_string().as_bytes())
}

/// The double case with one place of its JSON replaced.
fn changed(pointer: &str, value: serde_json::Value) -> serde_json::Value {
    let mut case = double();
    *case.pointer_mut(pointer).unwrap() = value;
    case
}

#[test]
fn a_case_is_read_with_its_optional_keys_null_or_absent() {
    let case = parsed(&double()).unwrap();
    assert_eq!((case.op.as_str(), case.rtol, case.grads.len()), ("demo.double", 1e-6, 0));
    assert_eq!(case.array("x").unwrap().data, [1.0, 2.0, 3.0, 4.0]);
    let bare = json!({"op": "o", "source": "s", "params": null, "expect": {"y": {"shape": [], "dtype": "f32", "data": [1]}}, "rtol": 0, "atol": 0});
    assert_eq!(parsed(&bare).unwrap().expect["y"], Array { dtype: "f32".to_owned(), ..Array::scalar(1.0) });
}

#[test]
fn booleans_and_named_non_finite_numbers_are_read() {
    let bools = changed("/inputs/x", json!({"shape": [3], "dtype": "bool", "data": [true, false, 1]}));
    assert_eq!(parsed(&bools).unwrap().inputs["x"].data, [1.0, 0.0, 1.0]);
    let special =
        changed("/inputs/x", json!({"shape": [3], "dtype": "f64", "data": ["NaN", "-Infinity", "Infinity"]}));
    let data = &parsed(&special).unwrap().inputs["x"].data;
    assert!(data[0].is_nan() && data[1] == f64::NEG_INFINITY && data[2] == f64::INFINITY);
}

#[test]
fn a_malformed_case_is_refused_with_the_reason() {
    let mut unknown_key = double();
    unknown_key["tolerance"] = json!(1);
    let mut array_key = double();
    array_key["inputs"]["x"]["strides"] = json!([1]);
    let mut no_op = double();
    no_op.as_object_mut().unwrap().remove("op");
    for (case, reason) in [
        (unknown_key, "unknown field `tolerance`"),
        (array_key, "unknown field `strides`"),
        (no_op, "missing field `op`"),
        (changed("/inputs/x/shape", json!([2, 3])), "shape [2, 3] does not hold the 4 values"),
        (changed("/inputs/x/shape", json!([usize::MAX, 2])), "does not hold"),
        (changed("/inputs/x/dtype", json!("complex")), "unknown dtype `complex`"),
        (changed("/inputs/x/dtype", json!("bool")), "value 1 of dtype bool is neither a boolean nor 0 or 1"),
        (changed("/inputs/x/data/2", json!(true)), "value 2 of dtype f64 is a boolean"),
        (changed("/inputs/x/data/2", json!("three")), "expected a number, a boolean"),
        (changed("/inputs/x/data/2", json!(null)), "expected a number, a boolean"),
        (changed("/inputs/x", json!({"shape": [1], "dtype": "i64", "data": [0.5]})), "is not a whole number"),
        (
            changed("/inputs/x", json!({"shape": [1], "dtype": "i64", "data": [9007199254740994_i64]})),
            "up to 2^53",
        ),
        (changed("/expect", json!({})), "expects nothing"),
        (changed("/rtol", json!(-1.0)), "`rtol` is -1"),
    ] {
        let error = parsed(&case).unwrap_err().to_string();
        assert!(error.contains(reason), "{error} does not say {reason}");
    }
    assert!(Case::parse(br#"{"op": "demo.double", "#).is_err());
}

#[test]
fn accessors_give_values_of_the_asked_type() {
    let case = parsed(&double()).unwrap();
    assert_eq!((case.param_f64("h"), case.param_f64("n"), case.param_usize("n")), (Ok(1.5), Ok(3.0), Ok(3)));
    assert_eq!((case.param_bool("flag"), case.param_str("kind")), (Ok(true), Ok("top")));
    assert_eq!(case.param_f64s("v"), Ok(vec![1.0, 2.5]));
    assert!(case.has_param("h") && !case.has_param("off") && !case.has_param("absent"));
    assert_eq!(case.array_of::<2>("x"), Ok(([2, 2], &[1.0, 2.0, 3.0, 4.0][..])));
    assert_eq!(case.indices("x"), Ok(vec![1, 2, 3, 4]));
}

#[test]
fn accessors_name_what_is_missing_or_wrong_and_what_is_there() {
    let case = parsed(&changed("/inputs/x/data/0", json!(-1.0))).unwrap();
    for (got, want) in [
        (
            case.param_f64("bandwidth").err(),
            "`demo.double` needs the parameter `bandwidth`; the case has `flag`, `h`",
        ),
        (case.param_f64("kind").err(), "parameter `kind` of `demo.double` must be a number, it is \"top\""),
        (
            case.param_usize("h").err(),
            "parameter `h` of `demo.double` must be a whole number from 0, it is 1.5",
        ),
        (case.param_bool("n").err(), "must be true or false, it is 3"),
        (case.param_str("off").err(), "must be a string, it is null"),
        (case.param_f64s("h").err(), "must be a list of numbers, it is 1.5"),
        (case.array("y").err(), "`demo.double` needs the input `y`; the case has `x`"),
        (case.array_of::<1>("x").err(), "input `x` of `demo.double` needs 1 dimensions, its shape is [2, 2]"),
        (case.scalar("x").err(), "input `x` of `demo.double` needs one value, it has 4"),
        (case.indices("x").err(), "input `x` of `demo.double` holds -1, which is no index"),
    ] {
        let message = got.unwrap().to_string();
        assert!(message.contains(want), "{message} does not say {want}");
    }
}

fn computed(data: Vec<f64>) -> Computed {
    Computed {
        outputs: BTreeMap::from([("y".to_owned(), Array::floats(&[2, 2], data))]),
        ..Computed::default()
    }
}

#[test]
fn the_worst_element_is_named() {
    let case = parsed(&double()).unwrap();
    let compared = compare(&case, &computed(vec![2.0, 4.0, 6.0 + 3e-6, 8.0 + 3e-6]));
    assert!(compared.mismatches.is_empty());
    let worst = compared.worst.unwrap();
    assert_eq!((worst.array.as_str(), &worst.index[..], worst.want), ("expect.y", &[1, 0][..], 6.0));
    assert!((worst.ratio() - 0.5).abs() < 1e-3);

    let missed = compare(&case, &computed(vec![2.0, 4.5, 6.0, 8.1]));
    assert_eq!(missed.mismatches.len(), 1);
    assert!(
        missed.mismatches[0].reason.starts_with("2 of 4 values differ, worst at [0, 1]: 4.5e0, expected 4e0")
    );
}

#[test]
fn missing_arrays_and_other_shapes_are_misses() {
    let mut with_grads = double();
    with_grads["grads"] = json!({"x": {"shape": [1], "dtype": "f64", "data": [2.0]}});
    let case = parsed(&with_grads).unwrap();
    let nothing = compare(&case, &Computed::default());
    assert_eq!(
        nothing.mismatches.iter().map(|m| m.array.as_str()).collect::<Vec<_>>(),
        ["expect.y", "grads.x"]
    );
    let flat = Computed {
        outputs: BTreeMap::from([("y".to_owned(), Array::floats(&[4], vec![2.0, 4.0, 6.0, 8.0]))]),
        grads: BTreeMap::from([("x".to_owned(), Array::floats(&[1], vec![2.0]))]),
    };
    let reshaped = compare(&case, &flat);
    assert_eq!(reshaped.mismatches.len(), 1);
    assert!(reshaped.mismatches[0].reason.contains("shape is [4] with 4 values, expected [2, 2]"));
}

#[test]
fn integers_must_be_equal_and_non_finite_values_the_same() {
    let integers = changed("/expect/y", json!({"shape": [2, 2], "dtype": "i64", "data": [2, 4, 6, 8]}));
    let integers = parsed(&integers).unwrap();
    assert!(compare(&integers, &computed(vec![2.0, 4.0, 6.0, 8.0])).mismatches.is_empty());
    assert_eq!(compare(&integers, &computed(vec![2.0, 4.0, 6.0, 8.0 + 1e-9])).mismatches.len(), 1);

    let mut special = changed("/expect/y/data", json!(["NaN", "Infinity", "-Infinity", 1.0]));
    for (rtol, atol) in [(1e-6, 1e-9), (0.0, 0.0)] {
        (special["rtol"], special["atol"]) = (json!(rtol), json!(atol));
        let case = parsed(&special).unwrap();
        let right = vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0];
        assert!(compare(&case, &computed(right.clone())).mismatches.is_empty());
        for (at, wrong) in
            [(0, 1.0), (1, 1e300), (1, f64::NEG_INFINITY), (2, f64::NAN), (3, f64::NAN), (3, f64::INFINITY)]
        {
            let mut got = right.clone();
            got[at] = wrong;
            assert_eq!(compare(&case, &computed(got)).mismatches.len(), 1, "{wrong} at {at}");
        }
    }
}

proptest! {
    #[test]
    fn an_element_misses_exactly_beyond_its_tolerance(want in -1e3..1e3, share in -2.0..2.0) {
        prop_assume!((f64::abs(share) - 1.0).abs() > 1e-3);
        let case = parsed(&changed("/expect/y/data", json!([want, want, want, want]))).unwrap();
        let allowed = case.atol + case.rtol * f64::abs(want);
        let compared = compare(&case, &computed(vec![want, want, want + share * allowed, want]));
        prop_assert_eq!(compared.mismatches.is_empty(), f64::abs(share) < 1.0);
    }
}
