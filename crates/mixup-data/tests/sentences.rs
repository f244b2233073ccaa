//! Pairs of sentences on small made files.
#![allow(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod common;

use mixup_data::sentences::{COLUMNS, PairLayout};
use mixup_data::{DataError, SentencePair, load_sentence_pairs};

const SCORED: PairLayout = PairLayout { rows: 2, scored: true };

fn file() -> String {
    let header = COLUMNS.join("\t");
    let row = |index: usize, first: &str, score: &str| {
        format!("{index}\tmain-news\tMSRpar\t2012\t0001\tnone\tnone\t{first}\tThe second.\t{score}\n")
    };
    format!("{header}\n{}{}", row(0, "An \"open quotation.", "0"), row(1, "\"Once.\"", "4.800"))
}

fn parse(text: &str) -> Result<Vec<SentencePair>, DataError> {
    SCORED.parse("a.tsv", text.as_bytes())
}

fn message(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn quotation_marks_are_text() {
    let pairs = parse(&file()).unwrap();
    assert_eq!((pairs[0].first.as_str(), pairs[0].score), ("An \"open quotation.", 0.0));
    assert_eq!((pairs[1].first.as_str(), pairs[1].score), ("\"Once.\"", 4.8));
    assert_eq!((pairs[1].genre.as_str(), pairs[1].second.as_str()), ("main-news", "The second."));
}

#[test]
fn a_file_without_scores() {
    let text: String =
        file().lines().map(|line| line.rsplit_once('\t').unwrap().0.to_owned() + "\n").collect();
    let pairs = PairLayout { scored: false, ..SCORED }.parse("a.tsv", text.as_bytes()).unwrap();
    assert!(pairs.len() == 2 && pairs.iter().all(|pair| pair.score.is_nan()));
    assert_eq!(message(&text), "a.tsv, line 1: 9 cells, expected 10");
}

#[test]
fn what_departs_from_the_format_is_named() {
    for score in ["5.1", "-1", "nan", "", "high"] {
        let expected = format!("a.tsv, line 3, column 10 (score): `{score}` is not a number");
        assert_eq!(message(&file().replace("4.800", score)), expected);
    }
    let header = message(&file().replace("sentence2", "sentence"));
    assert_eq!(header, "a.tsv, line 1, column 9: the header says `sentence`, expected `sentence2`");
    assert_eq!(
        message(&file().replace("\tThe second.\t0\n", "\t0\n")),
        "a.tsv, line 2: 9 cells, expected 10"
    );
    let two = file();
    assert_eq!(message(&two[..two.rfind("1\tmain").unwrap()]), "a.tsv: 1 rows, expected 2");
    let last = two.lines().last().unwrap();
    assert_eq!(message(&format!("{two}{last}\n")), "a.tsv: 3 rows, expected 2");
    assert_eq!(message(""), "a.tsv: 0 rows, expected 2");
    let binary = SCORED.parse("a.tsv", &[two.as_bytes(), b"\xff\xff"].concat()).unwrap_err().to_string();
    assert!(binary.starts_with("a.tsv, offset ") && binary.contains("UTF-8"), "{binary}");
}

#[test]
fn a_table_is_no_set_of_sentences() {
    let (library, _cache) = common::empty_library();
    let message = load_sentence_pairs(&library, "airfoil").unwrap_err().to_string();
    assert!(message.ends_with("such are: sts-b, sts-b-dir, sts-b-dir-supremix"), "{message}");
}
