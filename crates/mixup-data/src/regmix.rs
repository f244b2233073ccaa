//! The proxy runs of RegMix: small language models, each trained on its own mixture of domains.

use crate::catalogue;
use crate::error::DataError;
use crate::layout::Layout;
use crate::library::Library;
use crate::table::Table;
use crate::tables::contents;

/// The four groups of proxy runs, named by the size of the model.
#[derive(Debug, Clone)]
pub struct RegMix {
    /// 512 runs of 1M parameters, to fit on.
    pub train_1m: ProxyRuns,
    /// 256 runs of 1M parameters.
    pub test_1m: ProxyRuns,
    /// 256 runs of 60M parameters, with the mixtures of `test_1m`.
    pub test_60m: ProxyRuns,
    /// 64 runs of 1B parameters.
    pub test_1b: ProxyRuns,
}

/// Mixtures and what came of them; row `i` of both tables is the same run.
#[derive(Debug, Clone)]
pub struct ProxyRuns {
    /// `[runs, 17]`: the weight of each domain of The Pile, rounded to three decimals, so that rows sum
    /// to 1 only within 0.004. Columns are the bare domains (`arxiv`).
    pub mixtures: Table,
    /// `[runs, 13]`: validation loss per domain, cross-entropy in nats. Columns are the bare domains;
    /// their order is not that of the mixtures.
    pub losses: Table,
}

/// A mixture file of `rows` runs.
pub const fn mixture_layout(rows: usize) -> Layout {
    Layout { columns: &MIXTURE_COLUMNS, rows, ..PLAIN }
}

/// A loss file of `rows` runs.
pub const fn loss_layout(rows: usize) -> Layout {
    Layout { columns: &LOSS_COLUMNS, rows, ..PLAIN }
}

const PLAIN: Layout =
    Layout { delimiter: b',', header: true, columns: &[], rows: 0, missing: None, text: &[] };

const MIXTURE_COLUMNS: [&str; 18] = [
    "index",
    "train_the_pile_arxiv",
    "train_the_pile_freelaw",
    "train_the_pile_nih_exporter",
    "train_the_pile_pubmed_central",
    "train_the_pile_wikipedia_en",
    "train_the_pile_dm_mathematics",
    "train_the_pile_github",
    "train_the_pile_philpapers",
    "train_the_pile_stackexchange",
    "train_the_pile_enron_emails",
    "train_the_pile_gutenberg_pg_19",
    "train_the_pile_pile_cc",
    "train_the_pile_ubuntu_irc",
    "train_the_pile_europarl",
    "train_the_pile_hackernews",
    "train_the_pile_pubmed_abstracts",
    "train_the_pile_uspto_backgrounds",
];

const LOSS_COLUMNS: [&str; 14] = [
    "index",
    "metric/the_pile_arxiv_val_loss",
    "metric/the_pile_freelaw_val_loss",
    "metric/the_pile_pubmed_central_val_loss",
    "metric/the_pile_wikipedia_en_val_loss",
    "metric/the_pile_dm_mathematics_val_loss",
    "metric/the_pile_github_val_loss",
    "metric/the_pile_stackexchange_val_loss",
    "metric/the_pile_gutenberg_pg_19_val_loss",
    "metric/the_pile_pile_cc_val_loss",
    "metric/the_pile_ubuntu_irc_val_loss",
    "metric/the_pile_hackernews_val_loss",
    "metric/the_pile_pubmed_abstracts_val_loss",
    "metric/the_pile_uspto_backgrounds_val_loss",
];

/// Loads all eight files.
///
/// # Errors
/// What [`Library::obtain`] and [`ProxyRuns::parse`] say.
pub fn regmix(library: &Library) -> Result<RegMix, DataError> {
    let files: [_; 8] = contents(library, &catalogue::REGMIX)?;
    let [mix_train, loss_train, mix_1m, loss_1m, mix_60m, loss_60m, mix_1b, loss_1b] =
        files.each_ref().map(|(file, bytes)| (file.as_str(), bytes.as_slice()));
    Ok(RegMix {
        train_1m: ProxyRuns::parse(512, mix_train, loss_train)?,
        test_1m: ProxyRuns::parse(256, mix_1m, loss_1m)?,
        test_60m: ProxyRuns::parse(256, mix_60m, loss_60m)?,
        test_1b: ProxyRuns::parse(64, mix_1b, loss_1b)?,
    })
}

impl ProxyRuns {
    /// Reads a pair of files, each given as (name, bytes), of `runs` rows.
    ///
    /// # Errors
    /// What [`Layout::parse`] says; [`DataError::Index`] when the rows of the two files are not those of
    /// the same runs.
    pub fn parse(runs: usize, mixtures: (&str, &[u8]), losses: (&str, &[u8])) -> Result<Self, DataError> {
        let mixture_table = mixture_layout(runs).parse(mixtures.0, mixtures.1)?;
        let loss_table = loss_layout(runs).parse(losses.0, losses.1)?;
        let pairs = loss_table.column(0).into_iter().zip(mixture_table.column(0));
        for (row, (found, expected)) in pairs.enumerate() {
            if found != expected {
                let (file, other) = (losses.0.to_owned(), mixtures.0.to_owned());
                return Err(DataError::Index { file, row: row + 1, found, other, expected });
            }
        }
        Ok(Self { mixtures: without_index(&mixture_table), losses: without_index(&loss_table) })
    }
}

/// The table without its first column, columns named by the bare domain.
fn without_index(table: &Table) -> Table {
    let domain = |name: &String| {
        let name = name.trim_start_matches("train_").trim_start_matches("metric/");
        name.trim_start_matches("the_pile_").trim_end_matches("_val_loss").to_owned()
    };
    Table {
        columns: table.columns[1..].iter().map(domain).collect(),
        cells: (0..table.rows()).flat_map(|row| &table.row(row)[1..]).copied().collect(),
    }
}
