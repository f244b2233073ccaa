//! Other values for the leaves of a spec, without a word from the paper: a number becomes larger by half, a
//! flag turns, and for a name serde's own error message says what else it could be. What none of these finds
//! stands in [`by_hand`].

use mixup_data::{Content, catalogue};
use mixup_paper::{Refusal, RoutineEntry, RunSpec};
use serde_json::{Map, Number, Value, json};

/// Nobody's name.
const BOGUS: &str = "no such name";

/// Pointers to all leaves of a value, in order; `at` is where the value itself stands.
pub(super) fn leaves(value: &Value, at: &str) -> Vec<String> {
    let inside = |key: &str, value: &Value| leaves(value, &format!("{at}/{key}"));
    match value {
        Value::Object(object) => object.iter().flat_map(|(key, value)| inside(key, value)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().flat_map(|(index, value)| inside(&index.to_string(), value)).collect()
        }
        _ => vec![at.to_owned()],
    }
}

/// Specs that differ in the leaf at `at`, as the routine reads them, the plainest change first.
pub(super) fn changes(routine: &RoutineEntry, spec: &Value, at: &str) -> Vec<Value> {
    let Some(old) = spec.pointer(at) else { return Vec::new() };
    let with = |value: Value| {
        let mut changed = spec.clone();
        *changed.pointer_mut(at)? = value;
        Some(changed)
    };
    let message = || with(BOGUS.into()).and_then(|bogus| accepted(routine, bogus).err()).unwrap_or_default();
    let kind = at.strip_suffix("/kind");
    let candidates: Vec<Value> = match old {
        Value::Bool(flag) => vec![(!flag).into()],
        Value::Number(number) => numbers(number),
        Value::String(_) => {
            let names: Vec<String> = names(&message()).collect();
            let of_number = |number: f64| names.iter().map(move |name| json!({name: number}));
            let plain = names.iter().cloned().chain(sets(spec)).map(Value::from);
            plain.chain(by_hand(at)).chain(of_number(0.5)).chain(of_number(2.0)).collect()
        }
        // An option that is not used: whatever it takes.
        Value::Null => {
            let plain = [2.into(), 0.5.into(), true.into()];
            plain.into_iter().chain(names(&message()).map(Value::from)).collect()
        }
        Value::Array(_) | Value::Object(_) => Vec::new(),
    };
    let others = candidates.into_iter().filter(|candidate| candidate != old);
    let changed = others.filter_map(|candidate| {
        let changed = with(candidate)?;
        match kind {
            None => accepted(routine, changed).ok(),
            Some(owner) => of_kind(routine, changed, owner),
        }
    });
    changed.filter(|changed| changed != spec).collect()
}

/// What is no name and cannot be guessed.
fn by_hand(at: &str) -> Vec<Value> {
    match at {
        "/setting/normalise" => {
            let given = |channels: usize| json!({"given": {"mean": vec![0.5; channels], "std": vec![0.25; channels]}});
            vec![given(1), given(3)]
        }
        "/parameters/scale" => vec![json!({"pow": {"threshold": 1.0, "index": 1.0}})],
        "/parameters/targets" => vec![json!({"two-hot": "constant"})],
        // Only the network knows the names of its parameters; each has one of a head.
        "/optimizer/groups/0/parameters/0" => vec!["head".into()],
        _ => Vec::new(),
    }
}

/// A spec with every default filled in and all keys in order, or why the routine refuses it.
fn accepted(routine: &RoutineEntry, spec: Value) -> Result<Value, String> {
    let said = |Refusal { message, .. }| message;
    let mut typed: RunSpec<Value, Value> = serde_json::from_value(spec).map_err(|error| error.to_string())?;
    typed.parameters = routine.method(&typed.parameters).map_err(said)?;
    typed.setting = routine.setting(&typed.setting).map_err(said)?;
    let mut spec = serde_json::to_value(typed).map_err(|error| error.to_string())?;
    spec.sort_all_objects();
    routine.inspect(&spec).map(|_| spec)
}

/// A spec whose object at `owner` is of another kind: without the keys that this kind does not have.
fn of_kind(routine: &RoutineEntry, mut spec: Value, owner: &str) -> Option<Value> {
    loop {
        match accepted(routine, spec.clone()) {
            Ok(accepted) => return Some(accepted),
            Err(message) => {
                let unknown = message.strip_prefix("unknown field ").and_then(|rest| names(rest).next())?;
                let object = spec.pointer_mut(owner).and_then(Value::as_object_mut)?;
                Map::remove(object, &unknown)?;
            }
        }
    }
}

/// Larger by half; where that cannot be, smaller by half; where that cannot be, a little more or less.
fn numbers(number: &Number) -> Vec<Value> {
    match (number.as_u64(), number.as_f64()) {
        (Some(n), _) => [n + n.div_ceil(2).max(1), n / 2, n + 1, n.saturating_sub(1)].map(Value::from).into(),
        (None, Some(x)) => [1.5 * x, 0.5 * x, x + 0.5, x + 0.1, x - 0.1].map(Value::from).into(),
        (None, None) => Vec::new(),
    }
}

/// What a message puts between backticks, or lists behind `one of`.
fn names(message: &str) -> impl Iterator<Item = String> {
    let quoted = message.split('`').skip(1).step_by(2);
    let listed = message.split_once("one of ").map_or("", |(_, list)| list).split(", ");
    let known = |name: &&str| !name.is_empty() && *name != BOGUS && !name.contains('`');
    quoted.chain(listed).filter(known).map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// Data sets that are at hand where the run itself can be made: its own, and those in the binary.
fn sets(spec: &Value) -> impl Iterator<Item = String> {
    let own = spec["data"].as_str().map(str::to_owned);
    let embedded = catalogue::ALL.iter().filter(|set| matches!(set.content, Content::Embedded { .. }));
    own.into_iter().chain(embedded.map(|set| set.name.to_owned()))
}
