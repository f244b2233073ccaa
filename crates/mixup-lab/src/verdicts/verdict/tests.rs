use proptest::prelude::*;

use super::*;
use crate::files::manifest::{ReferenceValue, ReportedValue, Source, UntestedClaim};
use crate::outcomes::fixtures::{lower, manifest, outcome};

const LOW: [f64; 5] = [1.0, 1.1, 0.9, 1.05, 0.95];
const HIGH: [f64; 5] = [2.0, 2.05, 1.98, 2.1, 1.9];
const BETWEEN: [f64; 5] = [1.5, 0.6, 1.4, 0.7, 0.9];

fn judged(claims: Vec<Claim>, outcomes: &[Outcome]) -> Vec<Verdict> {
    judge(&manifest(claims), &outcomes.iter().collect::<Vec<_>>())
}

fn statuses(verdicts: &[Verdict]) -> Vec<Status> {
    verdicts.iter().map(|verdict| verdict.status).collect()
}

fn tested(verdict: &Verdict) -> Tested {
    verdict.evidence.as_ref().unwrap().test.unwrap()
}

#[test]
fn a_clear_difference_reproduces_one_claim_and_contradicts_the_opposite() {
    let verdicts = judged(
        vec![lower("a", "x", "y"), lower("a", "y", "x"), lower("a", "x", "z")],
        &[outcome("a", &[("x", &LOW), ("y", &HIGH), ("z", &BETWEEN)])],
    );
    assert_eq!(statuses(&verdicts), [Status::Reproduced, Status::Contradicted, Status::Undecided]);
    assert!(verdicts[0].sentence.starts_with(
        "x has the lower RMSE (dB): 1.000 against 2.006, difference -1.0060 [-1.0787, -0.9333] over 5 seeds, p < 0.0001 (corrected over 2 comparisons)"
    ), "{}", verdicts[0].sentence);
    assert!(verdicts[1].sentence.starts_with("The opposite holds, y has the higher RMSE (dB): 2.006"));
    assert!(verdicts[2].sentence.contains("cannot be told apart"), "{}", verdicts[2].sentence);
}

#[test]
fn a_claim_of_a_higher_metric_is_the_same_comparison() {
    let mut higher = lower("a", "y", "x");
    higher.direction = Direction::Higher;
    let verdicts = judged(vec![lower("a", "x", "y"), higher], &[outcome("a", &[("x", &LOW), ("y", &HIGH)])]);
    assert_eq!(statuses(&verdicts), [Status::Reproduced; 2]);
    let [one, other] = [tested(&verdicts[0]), tested(&verdicts[1])];
    assert_eq!((one.p_t, one.p_holm, one.family), (other.p_t, other.p_holm, 1));
    assert!(verdicts[1].sentence.starts_with("y has the higher RMSE (dB): 2.006 against 1.000"));
}

#[test]
fn opposite_claims_mirror_each_other_beside_other_claims() {
    // p of x<y is about 0.03, that of u<v far below: corrected in their claimed directions, x<y
    // comes second of two; among the opposite directions the order would be another.
    let x = [1.0, 1.3, 0.8, 1.1, 0.9];
    let y = [1.2, 1.35, 1.25, 1.12, 1.3];
    let verdicts = judged(
        vec![lower("a", "x", "y"), lower("a", "u", "v"), lower("a", "y", "x")],
        &[outcome("a", &[("x", &x), ("y", &y), ("u", &LOW), ("v", &HIGH)])],
    );
    assert_eq!(statuses(&verdicts), [Status::Reproduced, Status::Reproduced, Status::Contradicted]);
    let [claim, opposite] = [tested(&verdicts[0]), tested(&verdicts[2])];
    assert!(claim.p_t > 0.01 && claim.family == 2);
    assert_eq!((claim.p_holm, claim.p_holm_opposite), (opposite.p_holm_opposite, opposite.p_holm));
}

#[test]
fn correction_is_over_the_claims_of_one_origin_that_were_run() {
    // One-sided p about 0.035: enough alone, not beside a second comparison of the family.
    let x = [1.0, 1.3, 0.8, 1.1, 0.9];
    let y = [1.2, 1.35, 1.15, 1.08, 1.12];
    let results = [outcome("a", &[("x", &x), ("y", &y), ("z", &BETWEEN)])];
    let alone = vec![lower("a", "x", "y"), lower("not-run", "x", "y")];
    let verdicts = judged(alone, &results);
    assert_eq!(statuses(&verdicts), [Status::Reproduced, Status::NotRun]);
    assert_eq!(verdicts[1].sentence, "Experiment `not-run` has not been run.");

    let mut ours = lower("a", "x", "z");
    ours.origin = Origin::Ours;
    assert_eq!(judged(vec![lower("a", "x", "y"), ours], &results)[0].status, Status::Reproduced);

    let beside = judged(vec![lower("a", "x", "y"), lower("a", "x", "z")], &results);
    assert_eq!(beside[0].status, Status::Undecided);
    let test = tested(&beside[0]);
    assert!(test.p_t < 0.05 && (test.p_holm - 2.0 * test.p_t).abs() < 1e-12, "{test:?}");
    assert!(beside[0].evidence.as_ref().unwrap().seeds_needed.unwrap() > 5);
}

#[test]
fn failed_seeds_are_left_out_and_counted() {
    let mut y = HIGH;
    y[1] = f64::NAN;
    let mut x = LOW;
    x[4] = f64::INFINITY;
    let verdicts = judged(vec![lower("a", "x", "y")], &[outcome("a", &[("x", &x), ("y", &y)])]);
    let evidence = verdicts[0].evidence.as_ref().unwrap();
    assert_eq!((evidence.pairs, evidence.left_out), (3, 2));
    assert!((evidence.method_mean - (1.0 + 0.9 + 1.05) / 3.0).abs() < 1e-12);
    assert!(
        verdicts[0].sentence.contains("over 3 seeds") && verdicts[0].sentence.contains("2 seeds left out")
    );
}

#[test]
fn what_cannot_be_tested_is_inconclusive_and_says_why() {
    let constant = LOW.map(|v| v + 1.0);
    for (x, y, reason) in [
        (&LOW[..1], &HIGH[..1], "A test needs at least 2 seeds."),
        (&LOW[..], &LOW[..], "Both methods gave the same numbers for every seed."),
        (&LOW[..], &constant[..], "the seeds are no repetitions"),
    ] {
        let verdict = &judged(vec![lower("a", "x", "y")], &[outcome("a", &[("x", x), ("y", y)])])[0];
        assert_eq!(verdict.status, Status::Undecided);
        assert!(verdict.sentence.contains(reason), "{}", verdict.sentence);
        assert!(verdict.evidence.as_ref().unwrap().test.is_none());
    }
}

#[test]
fn what_was_not_run_or_cannot_be_says_so() {
    let mut manifest = manifest(vec![
        lower("a", "x", "absent"),
        lower("a", "x", "failed"),
        Claim { metric: "mape".to_owned(), ..lower("a", "x", "failed") },
    ]);
    manifest.untested.push(UntestedClaim {
        id: "echo".to_owned(),
        text: "Lower RMSE on Echo.".to_owned(),
        reason: "The videos need an access form.".to_owned(),
    });
    let result = outcome("a", &[("x", &LOW), ("failed", &[f64::NAN; 5])]);
    let foreign = Outcome { paper: "other".to_owned(), ..result.clone() };
    let verdicts = judge(&manifest, &[&foreign, &result]);
    assert_eq!(statuses(&verdicts), [Status::NotRun, Status::NotRun, Status::NotRun, Status::Untested]);
    assert_eq!(verdicts[0].sentence, "The outcome of `a` has no `rmse` of method `absent`.");
    assert!(verdicts[1].sentence.contains("the runs failed"));
    assert_eq!(verdicts[2].sentence, "The outcome of `a` has no metric `mape`.");
    assert_eq!(verdicts[3].sentence, "The videos need an access form.");
    assert_eq!(judge(&manifest, &[&foreign])[0].sentence, "Experiment `a` has not been run.");
}

#[test]
fn verdicts_keep_their_json_names() {
    let verdicts = judged(vec![lower("a", "x", "y")], &[outcome("a", &[("x", &LOW), ("y", &HIGH)])]);
    let json = serde_json::to_value(&verdicts).unwrap();
    assert_eq!(json[0]["status"], "reproduced");
    assert_eq!(json[0]["comparison"]["direction"], "lower");
    assert_eq!(json[0]["evidence"]["pairs"], 5);
    assert!(json[0]["evidence"]["test"]["p_holm"].as_f64().unwrap() < 0.05);
    assert_eq!(serde_json::from_value::<Vec<Verdict>>(json).unwrap(), verdicts);
    assert_eq!(serde_json::to_value(Status::NotRun).unwrap(), "not-run");
}

fn reported(mean: f64, std: Option<f64>) -> ReportedValue {
    ReportedValue {
        table: 1,
        experiment: "a".to_owned(),
        metric: "rmse".to_owned(),
        method: "x".to_owned(),
        mean,
        std,
        source: Source::ThirdParty,
    }
}

fn reference(mean: f64, std: Option<f64>) -> ReferenceValue {
    let ReportedValue { experiment, metric, method, .. } = reported(mean, std);
    ReferenceValue { experiment, metric, method, mean, std, runs: 5 }
}

#[test]
fn our_mean_is_placed_against_theirs() {
    // Ours: mean 1, std 0.0791, 5 seeds.
    let mut demo = manifest(Vec::new());
    demo.reported = vec![reported(0.98, None), reported(1.3, None), reported(1.2, Some(0.1))];
    demo.reference = vec![
        reference(1.05, Some(0.06)),
        reference(1.09, Some(0.08)),
        reference(1.5, Some(0.08)),
        ReferenceValue { method: "absent".to_owned(), ..reference(1.0, None) },
        ReferenceValue { experiment: "b".to_owned(), ..reference(1.0, None) },
    ];
    let ours = outcome("a", &[("x", &LOW)]);
    let notes = compare_with_reference(&demo, &ours);
    let agreements: Vec<Agreement> = notes.iter().map(|note| note.agreement).collect();
    assert_eq!(
        agreements,
        [
            Agreement::SpreadUnknown,
            Agreement::SpreadUnknown,
            Agreement::Outside,
            Agreement::WithinSpread,
            Agreement::WithinInterval,
            Agreement::Outside,
        ]
    );
    assert_eq!(
        notes[0].sentence,
        "RMSE (dB) of x is 1.000 ± 0.079 over 5 seeds: 2.0 % (0.3 of our standard deviations) above the paper's \
         0.980 as others quote it, whose spread is not known."
    );
    assert!(notes[1].sentence.contains("23.1 % (3.8 of our standard deviations) below the paper's 1.300"));
    assert_eq!(
        notes[3].sentence,
        "RMSE (dB) of x is 1.000 ± 0.079 over 5 seeds: within the spread of the official code's 1.050 ± 0.060 over \
         5 runs."
    );
    assert!(notes[4].sentence.contains("may be chance"), "{}", notes[4].sentence);
    let json = serde_json::to_value(&notes[3]).unwrap();
    assert_eq!((&json["agreement"], &json["yardstick"]), (&"within-spread".into(), &"official-code".into()));

    let smoke = Outcome { profile: "smoke".to_owned(), ..ours };
    assert!(compare_with_reference(&demo, &smoke).is_empty());
}

fn methods() -> impl Strategy<Value = Vec<Vec<f64>>> {
    (3..12_usize).prop_flat_map(|seeds| {
        prop::collection::vec((0.0..2.0, prop::collection::vec(0.0..1.0, seeds)), 3..6).prop_map(|methods| {
            methods
                .into_iter()
                .map(|(level, noise): (f64, Vec<f64>)| noise.iter().map(|v| v + level).collect())
                .collect()
        })
    })
}

proptest! {
    #[test]
    fn turning_a_claim_round_mirrors_its_verdict(values in methods(), turn in prop::collection::vec(any::<bool>(), 5)) {
        let names = ["m0", "m1", "m2", "m3", "m4"];
        let rows: Vec<(&str, &[f64])> = names.iter().copied().zip(values.iter().map(Vec::as_slice)).collect();
        let result = [outcome("a", &rows)];
        let claims: Vec<Claim> = names[1..rows.len()].iter().map(|name| lower("a", "m0", name)).collect();
        let straight = judged(claims.clone(), &result);
        // Every claim turned round mirrors every verdict.
        let all_turned = claims.iter().map(|claim| lower("a", &claim.against, "m0")).collect();
        let mirrored = |status| match status {
            Status::Reproduced => Status::Contradicted,
            Status::Contradicted => Status::Reproduced,
            other => other,
        };
        for (before, after) in straight.iter().zip(judged(all_turned, &result)) {
            prop_assert_eq!(mirrored(before.status), after.status);
        }
        // A turned copy added to a claim mirrors it and leaves it as it was.
        let mut with_copies = claims.clone();
        let copied: Vec<usize> = (0..claims.len()).filter(|&i| turn[i]).collect();
        with_copies.extend(copied.iter().map(|&i| lower("a", &claims[i].against, "m0")));
        let verdicts = judged(with_copies, &result);
        prop_assert_eq!(statuses(&verdicts[..claims.len()]), statuses(&straight));
        for (copy, &i) in verdicts[claims.len()..].iter().zip(&copied) {
            prop_assert_eq!(copy.status, mirrored(straight[i].status));
        }
    }

    #[test]
    fn an_inconclusive_test_needs_more_seeds_than_it_had(values in methods()) {
        let names = ["m0", "m1", "m2", "m3", "m4"];
        let rows: Vec<(&str, &[f64])> = names.iter().copied().zip(values.iter().map(Vec::as_slice)).collect();
        let claims = names[1..rows.len()].iter().map(|name| lower("a", "m0", name)).collect();
        for verdict in judged(claims, &[outcome("a", &rows)]) {
            let evidence = verdict.evidence.unwrap();
            if let Some(needed) = evidence.seeds_needed {
                prop_assert!(verdict.status == Status::Undecided && needed > evidence.pairs as u64);
            }
        }
    }
}
