//! Raw records to download: per experiment one line per run, the curves, the outcome and the experiment's file.

use super::SiteFile;
use super::gather::Committed;
use super::words::csv;
use crate::outcomes::outcome::Outcome;

/// The files of an experiment, from the paper's page.
#[derive(Debug, Clone, serde::Serialize)]
pub(super) struct Download {
    pub(super) href: String,
    /// What it is.
    pub(super) name: &'static str,
}

/// What can be downloaded of an outcome.
pub(super) fn downloads(paper: &Committed, outcome: &Outcome) -> Vec<Download> {
    let base = format!("../records/{}/{}", paper.slug, outcome.experiment);
    let mut downloads = vec![Download { href: format!("{base}.csv"), name: "runs as CSV" }];
    if has_curves(outcome) {
        downloads.push(Download { href: format!("{base}-curves.csv"), name: "curves as CSV" });
    }
    downloads.push(Download { href: format!("{base}.json"), name: "everything as JSON" });
    if paper.specs.iter().any(|spec| spec.name == spec_name(outcome)) {
        downloads.push(Download { href: format!("{base}.yaml"), name: "the experiment's file" });
    }
    downloads
}

/// The files behind them.
pub(super) fn files(paper: &Committed) -> Vec<SiteFile> {
    let of = |outcome: &Outcome| {
        let base = format!("records/{}/{}", paper.slug, outcome.experiment);
        let mut files = vec![SiteFile { path: format!("{base}.csv"), content: runs(outcome) }];
        if has_curves(outcome) {
            files.push(SiteFile { path: format!("{base}-curves.csv"), content: curves(outcome) });
        }
        // An outcome was read from JSON and can be written as it.
        let json = serde_json::to_string(outcome).unwrap_or_default();
        files.push(SiteFile { path: format!("{base}.json"), content: json });
        if let Some(spec) = paper.specs.iter().find(|spec| spec.name == spec_name(outcome)) {
            files.push(SiteFile { path: format!("{base}.yaml"), content: spec.text.clone() });
        }
        files
    };
    paper.outcomes.iter().flat_map(of).collect()
}

fn spec_name(outcome: &Outcome) -> String {
    format!("{}.yaml", outcome.experiment)
}

fn has_curves(outcome: &Outcome) -> bool {
    outcome.methods.values().any(|method| !method.curves.is_empty())
}

/// One line per run: what it is, its metrics in full precision, where it ran.
fn runs(outcome: &Outcome) -> String {
    let mut header = ["paper", "experiment", "profile", "data", "method", "seed"].map(str::to_owned).to_vec();
    header.extend(outcome.metrics.iter().map(|metric| metric.name.clone()));
    header.extend(
        ["first_losses", "identity", "commit", "version", "host", "device", "data_sha256"].map(str::to_owned),
    );
    let mut out = line(&header);
    let place = &outcome.provenance;
    for (name, method) in &outcome.methods {
        for (at, seed) in outcome.seeds.iter().enumerate() {
            let value = |metric: &str| method.values.get(metric).and_then(|values| values.get(at).copied());
            let mut fields = vec![
                outcome.paper.clone(),
                outcome.experiment.clone(),
                outcome.profile.clone(),
                outcome.data.clone(),
                name.clone(),
                seed.to_string(),
            ];
            fields.extend(outcome.metrics.iter().map(|metric| number(value(&metric.name))));
            let opening = method.openings.get(at).into_iter().flatten();
            let opening: Vec<String> = opening.map(|loss| loss.to_string()).collect();
            fields.push(opening.join(" "));
            fields.extend([
                method.identity.clone(),
                place.commit.clone(),
                place.version.clone(),
                place.host.clone(),
                place.device.clone(),
                place.data_sha256.clone(),
            ]);
            out += &line(&fields);
        }
    }
    out
}

/// One line per method and epoch: means over seeds.
fn curves(outcome: &Outcome) -> String {
    let mut names: Vec<&String> = outcome.methods.values().flat_map(|method| method.curves.keys()).collect();
    names.sort();
    names.dedup();
    let mut header = vec!["method".to_owned(), "epoch".to_owned()];
    header.extend(names.iter().map(|name| (*name).clone()));
    let mut out = line(&header);
    for (method, row) in &outcome.methods {
        let epochs = row.curves.values().map(Vec::len).max().unwrap_or(0);
        for epoch in 0..epochs {
            let mut fields = vec![method.clone(), (epoch + 1).to_string()];
            let at = |name: &String| row.curves.get(name).and_then(|values| values.get(epoch).copied());
            fields.extend(names.iter().map(|name| number(at(name))));
            out += &line(&fields);
        }
    }
    out
}

/// Nothing for what is not known or not finite.
fn number(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or(String::new(), |value| value.to_string())
}

fn line(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| csv(field)).collect();
    fields.join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcomes::fixtures::outcome;

    #[test]
    fn a_run_is_a_line_in_full_precision() {
        let mut wine = outcome("wine", &[("erm", &[0.1 + 0.2, f64::NAN])]);
        wine.methods["erm"].openings = vec![vec![1.5, 0.25], Vec::new()];
        let text = runs(&wine);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[1].starts_with("demo,wine,desk,airfoil,erm,0,0.30000000000000004,1.5 0.25,"), "{text}");
        assert!(lines[2].starts_with("demo,wine,desk,airfoil,erm,1,,,"), "{text}");
        assert!(lines[1].contains("\"a processor, 2 cores, linux\""), "{text}");
    }

    #[test]
    fn curves_of_different_length_leave_gaps() {
        let mut wine = outcome("wine", &[("erm", &[1.0])]);
        let curves_of = &mut wine.methods["erm"].curves;
        curves_of.insert("train-loss".to_owned(), vec![3.0, 2.0]);
        curves_of.insert("validation-loss".to_owned(), vec![4.0]);
        assert_eq!(curves(&wine), "method,epoch,train-loss,validation-loss\nerm,1,3,4\nerm,2,2,\n");
    }
}
