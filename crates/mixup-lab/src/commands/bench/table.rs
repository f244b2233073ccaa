//! The bench's report as text.

use clap::ValueEnum;
use comfy_table::{Cell, CellAlignment, Table, presets};

use super::against::{Change, Finding};
use super::peer::Variant;
use super::workload::Workload;
use super::{Report, Row, median};

/// Name on the command line.
pub(super) fn name(workload: Workload) -> String {
    workload.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

pub(super) fn text(report: &Report) -> String {
    let variants: Vec<Variant> =
        Variant::all().filter(|variant| report.rows.iter().any(|row| has(row, *variant))).collect();
    let mut header: Vec<String> = ["workload", "threads", "ms a step", "spread", "GFLOP/s", "of peak", "MiB"]
        .map(str::to_owned)
        .to_vec();
    if !variants.is_empty() {
        header.extend(variants.iter().map(|variant| format!("{} ms", variant.name())));
        header.extend(["its MiB", "ours / fastest", "pair by pair"].map(str::to_owned));
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(header);
    for row in &report.rows {
        let mut cells = vec![Cell::new(name(row.workload))];
        cells.extend(
            numbers(row, &variants)
                .into_iter()
                .map(|text| Cell::new(text).set_alignment(CellAlignment::Right)),
        );
        table.add_row(cells);
    }
    let mut text = format!("{}\n{table}\n", report.host);
    for (threads, gflops) in &report.matmul {
        text += &format!("matrix product 1024 x 1024 x 1024, {threads} thread(s): {gflops:.0} GFLOP/s\n");
    }
    for row in &report.rows {
        for peer in row.peers.iter().filter(|peer| peer.variant.compiles()) {
            text += &format!(
                "{}, {} thread(s), {}: the first step, which compiles, took {:.1} s\n",
                name(row.workload),
                row.threads,
                peer.variant.name(),
                peer.first_seconds
            );
        }
    }
    for cost in &report.mixings {
        text += &format!(
            "{}, mixing by {}: {:.3} ms a batch, {:.1} % of a training step\n",
            name(cost.workload),
            cost.mixing.name(),
            cost.milliseconds,
            100.0 * cost.share_of_step
        );
    }
    for (workload, ratio) in &report.two_processes {
        text +=
            &format!("{}: two one-thread processes do {ratio:.2} times the steps of one\n", name(*workload));
    }
    text
}

/// What changed since a kept report.
pub(super) fn changes(before: &Report, host: &str, changes: &[Change]) -> String {
    let mut text = format!("against {}, in units of the matrix product:\n", of_commit(before));
    if before.host != host {
        text += &format!("made on another machine: {}\n", before.host);
    }
    if changes.is_empty() {
        text += "no step is in both with two rounds or more\n";
    }
    for Change { workload, threads, ratio, interval: [low, high], finding } in changes {
        let finding = match finding {
            Finding::Slower => "SLOWER",
            Finding::Faster => "faster",
            Finding::Same => "the same within 5 %",
            Finding::Unclear => "not clear in this noise",
        };
        let name = name(*workload);
        text += &format!(
            "{name}, {threads} thread(s): {ratio:.2} times as long [{low:.2}, {high:.2}]: {finding}\n"
        );
    }
    text
}

fn of_commit(report: &Report) -> String {
    if report.commit.is_empty() { "a kept report".to_owned() } else { format!("commit {}", report.commit) }
}

fn has(row: &Row, variant: Variant) -> bool {
    row.peers.iter().any(|peer| peer.variant == variant)
}

fn numbers(row: &Row, variants: &[Variant]) -> Vec<String> {
    let ms = |value: f64| if value < 10.0 { format!("{value:.3}") } else { format!("{value:.1}") };
    let (low, high) = row
        .rounds
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(low, high), round| (low.min(*round), high.max(*round)));
    let mut cells = vec![
        row.threads.to_string(),
        ms(row.milliseconds),
        format!("{}-{}", ms(low), ms(high)),
        format!("{:.1}", row.gflops),
        format!("{:.0} %", 100.0 * row.share_of_peak),
        format!("{:.0}", row.peak_mib),
    ];
    cells.extend(variants.iter().map(|variant| {
        let peer = row.peers.iter().find(|peer| peer.variant == *variant);
        peer.map(|peer| ms(peer.milliseconds)).unwrap_or_default()
    }));
    if let Some(fastest) = row.fastest() {
        let pairs: Vec<String> = row.ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
        cells.extend([
            format!("{:.0}", fastest.peak_mib),
            format!("{:.2}", median(row.ratios.clone())),
            pairs.join(" "),
        ]);
    }
    cells
}
