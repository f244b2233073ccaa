use proptest::prelude::*;

use super::*;
use crate::files::manifest::{
    Against, Beyond, Effect, ReferenceValue, Repetition, ReportedValue, Source, UntestedClaim,
};
use crate::outcomes::fixtures::{lower, manifest, outcome};
use crate::outcomes::outcome::Pairs;
use crate::verdicts::stats::{Design, NoTest};
use mixup_core::checked::Positive;

const LOW: [f64; 5] = [1.0, 1.1, 0.9, 1.05, 0.95];
const HIGH: [f64; 5] = [2.0, 2.05, 1.98, 2.1, 1.9];
const BETWEEN: [f64; 5] = [1.5, 0.6, 1.4, 0.7, 0.9];

fn judged(claims: Vec<Claim>, outcomes: &[Outcome]) -> Vec<Verdict> {
    judge(&manifest(claims), &outcomes.iter().collect::<Vec<_>>())
}

fn one(claim: Claim, outcomes: &[Outcome]) -> Verdict {
    judged(vec![claim], outcomes).remove(0)
}

fn statuses(verdicts: &[Verdict]) -> Vec<Status> {
    verdicts.iter().map(|verdict| verdict.status).collect()
}

fn row(verdict: &Verdict) -> &Row {
    &verdict.evidence.as_ref().unwrap().rows[0]
}

fn secondary(claim: Claim) -> Claim {
    Claim { rank: Rank::Secondary, ..claim }
}

fn stated(value: f64) -> Option<Effect> {
    Some(Effect::Stated { value, source: Source::Paper, table: None })
}

fn margin(value: f64) -> Option<Positive> {
    Some(Positive::new(value).unwrap())
}

/// Values around `centre` with a standard deviation of about 0.1, other ones for each `shift`.
fn around(centre: f64, units: u32, shift: u32) -> Vec<f64> {
    (0..units).map(|unit| centre + 0.17 * (f64::from((unit * 37 + shift * 11) % 23) / 11.0 - 1.0)).collect()
}

#[test]
fn a_clear_difference_reproduces_one_claim_and_contradicts_the_opposite() {
    let verdicts = judged(
        vec![lower("a", "x", "y"), lower("a", "y", "x"), lower("a", "x", "z")],
        &[outcome("a", &[("x", &LOW), ("y", &HIGH), ("z", &BETWEEN)])],
    );
    assert_eq!(statuses(&verdicts), [Status::Reproduced, Status::Contradicted, Status::Undecided]);
    let sentence = &verdicts[0].sentence;
    assert!(
        sentence.starts_with("x has the lower RMSE (dB): 1.000 against 2.006, difference -1.0060 ["),
        "{sentence}"
    );
    assert!(
        sentence.contains("over 5 seeds, p < 0.0001 (corrected over 3 primary claims, interval of 98.33 %)")
    );
    assert!(verdicts[1].sentence.starts_with("The opposite holds, y has the higher RMSE (dB): 2.006"));
    assert!(verdicts[2].sentence.contains("cannot be told apart"), "{}", verdicts[2].sentence);
    assert!(verdicts[2].sentence.contains("would need about"), "{}", verdicts[2].sentence);
    assert_eq!((row(&verdicts[0]).share_claimed, row(&verdicts[1]).share_claimed), (Some(1.0), Some(0.0)));
}

#[test]
fn the_family_is_the_primary_claims_whether_run_or_not() {
    let x = [1.0, 1.3, 0.8, 1.1, 0.9];
    let y = [1.2, 1.35, 1.15, 1.08, 1.12];
    let results = [outcome("a", &[("x", &x), ("y", &y), ("z", &BETWEEN), ("u", &HIGH)])];
    let claim = lower("a", "x", "u");
    let alone = one(claim.clone(), &results);
    let beside = judged(
        vec![claim.clone(), secondary(lower("a", "x", "y")), secondary(lower("a", "x", "z"))],
        &results,
    );
    assert_eq!(beside[0], alone, "secondary claims change nothing");
    let larger = judged(vec![claim, lower("not-run", "x", "y")], &results);
    let [of_one, of_two] = [&alone, &larger[0]].map(|verdict| verdict.evidence.as_ref().unwrap());
    assert_eq!((of_one.family, of_one.level, of_two.family, of_two.level), (Some(1), 0.05, Some(2), 0.025));
    assert_eq!(larger[1].status, Status::NotRun);
    assert!(larger[1].is_open() && !alone.is_open());
    let unadjusted = beside[1].evidence.as_ref().unwrap();
    assert_eq!((unadjusted.family, unadjusted.level), (None, 0.05));
    assert!(beside[1].sentence.contains("(unadjusted)") && !beside[1].is_open());
}

#[test]
fn every_interval_agrees_with_its_verdict() {
    let results = [outcome("a", &[("x", &LOW), ("y", &HIGH), ("z", &BETWEEN)])];
    let claims = vec![lower("a", "x", "y"), lower("a", "x", "z"), lower("a", "z", "y"), lower("a", "y", "z")];
    for verdict in judged(claims, &results) {
        let decided = matches!(verdict.status, Status::Reproduced | Status::Contradicted);
        assert_eq!(!row(&verdict).interval.unwrap().contains(0.0), decided, "{}", verdict.sentence);
    }
}

#[test]
fn less_than_published_and_less_than_matters_have_words_of_their_own() {
    let results =
        [outcome("a", &[("x", &around(1.0, 40, 0)), ("y", &around(1.0, 40, 3)), ("z", &around(1.3, 40, 5))])];
    let claim = |effect, margin| Claim { effect, margin, ..lower("a", "x", "y") };
    assert_eq!(one(claim(None, None), &results).status, Status::Undecided);
    let smaller = one(claim(stated(-0.5), None), &results);
    assert_eq!((smaller.status, smaller.smaller_than_claimed), (Status::Smaller, true));
    assert!(smaller.sentence.contains("Published is -0.500: ours is smaller."), "{}", smaller.sentence);
    assert_eq!(one(claim(stated(-0.01), None), &results).status, Status::Undecided);
    let equivalent = one(claim(stated(-0.5), margin(0.2)), &results);
    assert_eq!(equivalent.words(), "EQUIVALENT, SMALLER THAN CLAIMED");
    assert!(row(&equivalent).p_within.unwrap() < 0.025);
    assert_eq!(one(claim(None, margin(0.01)), &results).status, Status::Undecided);
    let both = one(Claim { effect: stated(-2.0), ..lower("a", "x", "z") }, &results);
    assert_eq!(both.words(), "REPRODUCED, SMALLER THAN CLAIMED");
    let as_published = one(Claim { effect: stated(-0.3), ..lower("a", "x", "z") }, &results);
    assert_eq!(as_published.words(), "REPRODUCED");
    assert!(
        as_published.sentence.contains("which the interval does not exclude"),
        "{}",
        as_published.sentence
    );
}

#[test]
fn a_published_effect_can_be_that_of_two_printed_means() {
    let mut demo = manifest(vec![Claim { effect: Some(Effect::Reported), ..lower("a", "x", "y") }]);
    demo.reported =
        vec![reported(2.0, None), ReportedValue { method: "y".to_owned(), ..reported(5.0, None) }];
    let verdict = judge(&demo, &[&outcome("a", &[("x", &LOW), ("y", &HIGH)])]).remove(0);
    assert_eq!((row(&verdict).published, verdict.smaller_than_claimed), (Some(-3.0), true));
}

#[test]
fn what_is_kept_or_equal_is_judged_by_its_margin() {
    let results = [outcome(
        "a",
        &[("x", &around(1.0, 40, 0)), ("y", &around(1.02, 40, 3)), ("z", &around(1.6, 40, 5))],
    )];
    let claim = |test, method: &str, against: &str, size| Claim {
        test,
        margin: margin(size),
        ..lower("a", method, against)
    };
    // Lower is better: z loses 0.6 against x, and x nothing against z.
    assert_eq!(one(claim(Test::Kept, "x", "y", 0.2), &results).status, Status::Reproduced);
    assert_eq!(one(claim(Test::Kept, "x", "z", 0.2), &results).status, Status::Reproduced);
    assert_eq!(one(claim(Test::Kept, "z", "x", 0.2), &results).status, Status::Contradicted);
    assert_eq!(one(claim(Test::Kept, "x", "y", 0.001), &results).status, Status::Undecided);
    assert_eq!(one(claim(Test::Equal, "x", "y", 0.2), &results).status, Status::Reproduced);
    assert_eq!(one(claim(Test::Equal, "x", "z", 0.2), &results).status, Status::Contradicted);
    let same = one(claim(Test::Equal, "x", "x2", 0.2), &[outcome("a", &[("x", &LOW), ("x2", &LOW)])]);
    assert_eq!(same.status, Status::Reproduced, "the same numbers are equal");
    let higher = Claim { direction: Direction::Higher, ..claim(Test::Kept, "z", "x", 0.2) };
    assert_eq!(one(higher, &results).status, Status::Reproduced, "higher is better here");
}

#[test]
fn a_claim_against_several_holds_against_each_or_not_at_all() {
    let results = [outcome(
        "a",
        &[("x", &LOW), ("y", &HIGH), ("z", &BETWEEN), ("v", &HIGH.map(|value| value + 0.1 * value))],
    )];
    let against = |names: &[&str]| Claim {
        against: Against(names.iter().map(|name| (*name).to_owned()).collect()),
        ..lower("a", "x", "y")
    };
    assert_eq!(one(against(&["y", "v"]), &results).status, Status::Reproduced);
    let partly = one(against(&["y", "z"]), &results);
    assert_eq!(partly.status, Status::Undecided);
    let evidence = partly.evidence.as_ref().unwrap();
    assert_eq!((evidence.rows.len(), evidence.p), (2, evidence.rows[1].p.unwrap()));
    let lost = one(Claim { method: "y".to_owned(), ..against(&["x", "z"]) }, &results);
    assert_eq!(lost.status, Status::Contradicted, "lost against one of them");
    assert!(partly.sentence.contains("z: 1.000 against 1.020"), "{}", partly.sentence);
}

#[test]
fn a_trend_is_one_claim() {
    let rows = [("a1", around(1.0, 12, 0)), ("a2", around(1.5, 12, 2)), ("a3", around(1.9, 12, 5))];
    let rows: Vec<(&str, &[f64])> = rows.iter().map(|(name, values)| (*name, values.as_slice())).collect();
    let results = [outcome("a", &rows)];
    let trend = |over: [&str; 3], direction| Claim {
        test: Test::Trend,
        method: String::new(),
        against: Against::default(),
        over: over.map(str::to_owned).to_vec(),
        direction,
        ..lower("a", "a1", "a2")
    };
    let up = one(trend(["a1", "a2", "a3"], Direction::Higher), &results);
    assert_eq!((up.status, row(&up).difference), (Status::Reproduced, 1.0));
    assert!(
        up.sentence.starts_with("RMSE (dB) rises along a1, a2, a3: mean rank correlation"),
        "{}",
        up.sentence
    );
    let down = one(trend(["a1", "a2", "a3"], Direction::Lower), &results);
    assert_eq!(down.status, Status::Contradicted);
    let mixed = one(trend(["a2", "a1", "a3"], Direction::Lower), &results);
    assert_ne!(mixed.status, Status::Reproduced);
}

#[test]
fn a_metric_less_another_is_a_difference_of_differences() {
    let mut result = outcome("a", &[("x", &LOW), ("y", &HIGH)]);
    for row in result.methods.values_mut() {
        let half = row.values["rmse"].iter().map(|value| value / 2.0).collect();
        row.values.insert("half".to_owned(), half);
    }
    let claim = Claim { less: Some("half".to_owned()), ..lower("a", "x", "y") };
    let verdict = one(claim, &[result]);
    assert!((row(&verdict).difference + 1.006 / 2.0).abs() < 1e-12);
    assert!(verdict.sentence.contains("RMSE (dB) less `half`"), "{}", verdict.sentence);
}

#[test]
fn one_difference_beyond_another() {
    let result = || {
        outcome(
            "a",
            &[
                ("x", &around(1.0, 10, 0)),
                ("y", &around(1.5, 10, 4)),
                ("p", &around(2.0, 10, 7)),
                ("q", &around(2.2, 10, 9)),
            ],
        )
    };
    let beyond =
        |method: &str, against: &str| Some(Beyond { method: method.to_owned(), against: against.to_owned() });
    let taken = one(Claim { beyond: beyond("p", "q"), ..lower("a", "x", "y") }, &[result()]);
    let plain = |method, against| row(&one(lower("a", method, against), &[result()])).difference;
    assert!((row(&taken).difference - (plain("x", "y") - plain("p", "q"))).abs() < 1e-12);
    assert_eq!(taken.status, Status::Reproduced);
    assert!(taken.sentence.contains("(less that of p and q)"), "{}", taken.sentence);
    let itself = one(Claim { beyond: beyond("x", "y"), ..lower("a", "x", "y") }, &[result()]);
    assert_eq!(row(&itself).difference, 0.0);
    let unknown = one(Claim { beyond: beyond("p", "r"), ..lower("a", "x", "y") }, &[result()]);
    assert_eq!(unknown.status, Status::NotRun);
}

#[test]
fn repetitions_multiply_their_evidence() {
    let results = [
        outcome("a", &[("x", &around(1.0, 10, 0)), ("y", &around(1.2, 10, 4))]),
        outcome("b", &[("p", &around(1.0, 10, 7)), ("q", &around(1.2, 10, 9))]),
    ];
    let repeated =
        vec![Repetition { experiment: "b".to_owned(), method: "p".to_owned(), against: "q".to_owned() }];
    let claim = Claim { repeated, ..lower("a", "x", "y") };
    let both = one(claim.clone(), &results);
    let log10_e = |verdict: &Verdict| row(verdict).log10_e.unwrap();
    let alone = one(claim, &results[..1]);
    let mut sequential = results[1].clone();
    sequential.sequential = true;
    let other = one(lower("b", "p", "q"), &[sequential]);
    assert!((log10_e(&both) - log10_e(&alone) - log10_e(&other)).abs() < 1e-9);
    assert_eq!((row(&both).units, row(&both).repetitions, row(&alone).repetitions), (20, 2, 1));
    assert_eq!(both.experiments(), ["a", "b"]);
    assert!(both.sentence.contains("over 20 seeds of 2 experiments, E = "), "{}", both.sentence);
}

#[test]
fn resamples_are_no_observations() {
    let mut result = outcome("a", &[("x", &around(1.0, 60, 0)), ("y", &around(1.03, 60, 4))]);
    result.pairs = Pairs::Bootstrap;
    let verdict = one(lower("a", "x", "y"), &[result.clone()]);
    let evidence = verdict.evidence.as_ref().unwrap();
    assert_eq!(
        (evidence.design, row(&verdict).units, row(&verdict).effect_size),
        (Design::Bootstrap, 59, None)
    );
    assert_eq!(verdict.status, Status::Undecided, "a t-test of 60 units would decide");
    result.pairs = Pairs::Seeds;
    assert_eq!(one(lower("a", "x", "y"), &[result]).status, Status::Reproduced);
}

#[test]
fn splits_of_one_data_set_say_so() {
    let mut result = outcome("a", &[("x", &LOW), ("y", &HIGH)]);
    result.overlap = Some(0.25);
    let verdict = one(lower("a", "x", "y"), &[result]);
    let (wide, plain) = (row(&verdict).new_data.unwrap(), row(&verdict).interval.unwrap());
    assert!(wide.low < plain.low && plain.high < wide.high);
    assert!(
        verdict.sentence.contains("about these splits of one data set; for new data"),
        "{}",
        verdict.sentence
    );
}

#[test]
fn failed_seeds_are_left_out_and_counted() {
    let mut y = HIGH;
    y[1] = f64::NAN;
    let mut x = LOW;
    x[4] = f64::INFINITY;
    let verdict = one(lower("a", "x", "y"), &[outcome("a", &[("x", &x), ("y", &y)])]);
    let row = row(&verdict);
    assert_eq!((row.units, row.left_out), (3, 2));
    assert!((row.method_mean.unwrap() - (1.0 + 0.9 + 1.05) / 3.0).abs() < 1e-12);
    assert!(verdict.sentence.contains("over 3 seeds") && verdict.sentence.contains("2 seeds left out"));
}

#[test]
fn what_cannot_be_tested_is_undecided_and_says_why() {
    let constant = LOW.map(|v| v + 1.0);
    for (x, y, no_test, reason) in [
        (&LOW[..1], &HIGH[..1], NoTest::TooFewPairs, "A test needs at least 2 seeds."),
        (&LOW[..], &LOW[..], NoTest::Identical, "All methods gave the same numbers for every seed."),
        (&LOW[..], &constant[..], NoTest::ConstantDifference, "the seeds are no repetitions"),
    ] {
        let verdict = one(lower("a", "x", "y"), &[outcome("a", &[("x", x), ("y", y)])]);
        assert_eq!((verdict.status, row(&verdict).no_test), (Status::Undecided, Some(no_test)));
        assert!(verdict.sentence.contains(reason), "{}", verdict.sentence);
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
    assert_eq!(json[0]["rank"], "primary");
    assert_eq!(json[0]["comparison"]["against"][0], "y");
    assert_eq!(json[0]["evidence"]["rows"][0]["units"], 5);
    assert_eq!(json[0]["evidence"]["design"], "fixed");
    assert_eq!(serde_json::from_value::<Vec<Verdict>>(json).unwrap(), verdicts);
    assert_eq!(serde_json::to_value(Status::Smaller).unwrap(), "smaller-than-claimed");
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
    fn turning_every_claim_round_mirrors_its_verdict(values in methods(), sequential in any::<bool>()) {
        let names = ["m0", "m1", "m2", "m3", "m4"];
        let rows: Vec<(&str, &[f64])> = names.iter().copied().zip(values.iter().map(Vec::as_slice)).collect();
        let mut result = outcome("a", &rows);
        result.sequential = sequential;
        let result = [result];
        let claims: Vec<Claim> = names[1..rows.len()].iter().map(|name| lower("a", "m0", name)).collect();
        let turned = claims.iter().map(|claim| lower("a", &claim.against.0[0], "m0")).collect();
        let mirrored = |status| match status {
            Status::Reproduced => Status::Contradicted,
            Status::Contradicted => Status::Reproduced,
            other => other,
        };
        for (before, after) in judged(claims, &result).iter().zip(judged(turned, &result)) {
            prop_assert_eq!(mirrored(before.status), after.status);
        }
    }
}
