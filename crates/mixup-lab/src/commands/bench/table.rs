//! The bench's report as text.

use clap::ValueEnum;
use comfy_table::{Cell, CellAlignment, Table, presets};

use super::workload::Workload;
use super::{Report, Row, median};

/// Name on the command line.
pub(super) fn name(workload: Workload) -> String {
    workload.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

pub(super) fn text(report: &Report) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "workload",
        "threads",
        "ms a step",
        "spread",
        "GFLOP/s",
        "of peak",
        "MiB",
        "peer ms",
        "peer MiB",
        "ours / peer",
        "pair by pair",
    ]);
    for row in &report.rows {
        let mut cells = vec![Cell::new(name(row.workload))];
        cells
            .extend(numbers(row).into_iter().map(|text| Cell::new(text).set_alignment(CellAlignment::Right)));
        table.add_row(cells);
    }
    let mut text = format!("{}\n{table}\n", report.host);
    for (threads, gflops) in &report.matmul {
        text += &format!("matrix product 1024 x 1024 x 1024, {threads} thread(s): {gflops:.0} GFLOP/s\n");
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

fn numbers(row: &Row) -> Vec<String> {
    let ms = |value: f64| if value < 10.0 { format!("{value:.3}") } else { format!("{value:.1}") };
    let [low, high] = row.spread;
    let mut cells = vec![
        row.threads.to_string(),
        ms(row.milliseconds),
        format!("{}-{}", ms(low), ms(high)),
        format!("{:.1}", row.gflops),
        format!("{:.0} %", 100.0 * row.share_of_peak),
        format!("{:.0}", row.peak_mib),
    ];
    if let Some([milliseconds, memory]) = row.peer {
        let pairs: Vec<String> = row.ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
        cells.extend([
            ms(milliseconds),
            format!("{memory:.0}"),
            format!("{:.2}", median(row.ratios.clone())),
            pairs.join(" "),
        ]);
    }
    cells
}
