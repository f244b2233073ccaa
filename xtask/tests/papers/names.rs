//! Names that must be unique: an op, a metric or a routine that is registered twice would hide another.

use std::collections::BTreeSet;

use mixup_lab::verdicts::parity;
use xtask::papers;

#[test]
fn no_op_is_registered_twice() {
    parity::ops(&papers::all()).unwrap();
}

#[test]
fn a_routine_has_each_metric_and_figure_once() {
    for paper in papers::all() {
        let mut routines = BTreeSet::new();
        for routine in &paper.routines {
            let at = format!("{}, {}", paper.slug, routine.name);
            assert!(routines.insert(routine.name), "{at} is there twice");
            let metrics = (routine.metrics)().into_iter().map(|metric| metric.name);
            let figures = (routine.figures)().into_iter().map(|figure| figure.name);
            for (what, names) in [("metric", metrics.collect::<Vec<_>>()), ("figure", figures.collect())] {
                let mut seen = BTreeSet::new();
                for name in names {
                    assert!(seen.insert(name.clone()), "{at}: the {what} `{name}` is there twice");
                }
            }
        }
    }
}
