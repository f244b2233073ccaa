//! The parsers on small made files: what is right is read exactly, what is wrong is named.
#![allow(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

use std::io::Write;

use mixup_data::regmix::{loss_layout, mixture_layout};
use mixup_data::{
    AIRFOIL, COMMUNITIES_CRIME, DataError, EXCHANGE_RATE, Layout, NO2, ProxyRuns, SKILLCRAFT, idx,
};
use proptest::prelude::*;

const TWO_AIRFOIL_ROWS: &str =
    "800\t0\t0.3048\t71.3\t0.00266337\t126.201\r\n1000\t-1.5\t3e-1\t71.3\t0.00266337\t125.201\r\n";

fn airfoil(rows: usize, text: &str) -> Result<mixup_data::Table, DataError> {
    Layout { rows, ..AIRFOIL }.parse("airfoil.dat", text.as_bytes())
}

fn message<T: std::fmt::Debug>(result: Result<T, DataError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn rows_columns_and_names() {
    let table = airfoil(2, TWO_AIRFOIL_ROWS).unwrap();
    assert_eq!(table.rows(), 2);
    assert_eq!(table.row(1), [1000.0, -1.5, 0.3, 71.3, 0.00266337, 125.201]);
    assert_eq!(table.column(5), [126.201, 125.201]);
    assert_eq!(table.position("sound_pressure_level"), Some(5));
    assert_eq!(table.position("nothing"), None);
}

#[test]
fn the_last_line_may_lack_its_end() {
    assert_eq!(airfoil(2, TWO_AIRFOIL_ROWS.trim_end()).unwrap(), airfoil(2, TWO_AIRFOIL_ROWS).unwrap());
}

#[test]
fn a_cell_that_is_no_number() {
    for cell in ["abc", "", "nan", "inf", "1,5", "?", "--1"] {
        let text = TWO_AIRFOIL_ROWS.replace("-1.5", cell);
        let expected = format!("airfoil.dat, line 2, column 2 (angle): `{cell}` is not a number");
        assert_eq!(message(airfoil(2, &text)), expected);
    }
}

#[test]
fn a_long_or_binary_cell_is_shown_short() {
    let mut bytes = b"800\t".to_vec();
    bytes.extend([0xff; 1_000_000]);
    let error = message(Layout { rows: 1, ..AIRFOIL }.parse("a", &[&bytes[..], b"\t1\t1\t1\t1\n"].concat()));
    assert!(error.len() < 250, "{}", error.len());
}

#[test]
fn line_numbers_count_every_line() {
    let text = TWO_AIRFOIL_ROWS.replace("1000", "x").replacen("\r\n", "\r\n\r\n", 1);
    assert!(message(airfoil(2, &text)).contains("line 3,"), "{}", message(airfoil(2, &text)));
}

#[test]
fn a_line_of_another_width() {
    let short = TWO_AIRFOIL_ROWS.replace("\t125.201", "");
    assert_eq!(message(airfoil(2, &short)), "airfoil.dat, line 2: 5 cells, expected 6");
    let long = TWO_AIRFOIL_ROWS.replace("126.201", "126.201\t1");
    assert_eq!(message(airfoil(2, &long)), "airfoil.dat, line 1: 7 cells, expected 6");
}

#[test]
fn truncated_or_extended() {
    assert_eq!(message(airfoil(3, TWO_AIRFOIL_ROWS)), "airfoil.dat: 2 rows, expected 3");
    assert_eq!(message(airfoil(1, TWO_AIRFOIL_ROWS)), "airfoil.dat: 2 rows, expected 1");
    assert_eq!(message(airfoil(1, "")), "airfoil.dat: 0 rows, expected 1");
    let cut = &TWO_AIRFOIL_ROWS[..TWO_AIRFOIL_ROWS.len() - 20];
    assert!(message(airfoil(2, cut)).contains("line 2: 5 cells"), "{}", message(airfoil(2, cut)));
}

#[test]
fn a_header_is_checked() {
    let header = NO2.columns.join("\t");
    let text = format!("{header}\n1\t2\t3\t4\t5\t6\t7\t8.5\n");
    let no2 = Layout { rows: 1, ..NO2 };
    assert_eq!(no2.parse("no2", text.as_bytes()).unwrap().row(0)[7], 8.5);
    let swapped = text.replace("wind_speed", "speed");
    let expected = "no2, line 1, column 3: the header says `speed`, expected `wind_speed`";
    assert_eq!(message(no2.parse("no2", swapped.as_bytes())), expected);
    assert!(message(no2.parse("no2", b"")).contains("0 rows, expected 1"));
}

#[test]
fn question_marks_are_missing_cells_where_the_format_says_so() {
    let header = SKILLCRAFT.columns.join(",");
    let quoted: Vec<String> = SKILLCRAFT.columns.iter().map(|name| format!("\"{name}\"")).collect();
    let row = "52,5,?,10,?,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20";
    let skillcraft = Layout { rows: 1, ..SKILLCRAFT };
    let plain = skillcraft.parse("a", format!("{header}\n{row}\n").as_bytes()).unwrap();
    let missing: Vec<usize> = (0..20).filter(|&column| plain.row(0)[column].is_nan()).collect();
    assert_eq!(missing, [2, 4]);
    // UCI's own file quotes the header and the missing cells.
    let uci = format!("{}\n{}\n", quoted.join(","), row.replace('?', "\"?\""));
    let uci = skillcraft.parse("a", uci.as_bytes()).unwrap();
    assert!(uci.row(0).iter().zip(plain.row(0)).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn the_column_of_text_is_left_out() {
    let mut cells: Vec<String> = (0..128).map(|column| column.to_string()).collect();
    cells[1] = "?".to_owned();
    cells[3] = "\"Lakewood, city\"".to_owned();
    let layout = Layout { rows: 1, ..COMMUNITIES_CRIME };
    let table = layout.parse("a", cells.join(",").as_bytes()).unwrap();
    assert_eq!((table.columns.len(), table.cells.len()), (127, 127));
    assert!(table.row(0)[1].is_nan());
    for (name, value) in [("state", 0.0), ("fold", 4.0), ("population", 5.0), ("ViolentCrimesPerPop", 127.0)]
    {
        assert_eq!(table.row(0)[table.position(name).unwrap()], value, "{name}");
    }
    assert_eq!(table.position("communityname"), None);
}

fn proxy_files() -> (String, String) {
    let file = |layout: Layout, first: &str| {
        let values = |index: usize| vec![format!("{index}.5"); layout.columns.len() - 1].join(",");
        format!("{}\n{first},{}\n8,{}", layout.columns.join(","), values(1), values(2))
    };
    (file(mixture_layout(2), "7"), file(loss_layout(2), "7"))
}

#[test]
fn proxy_runs_are_paired_and_lose_their_index() {
    let (mixtures, losses) = proxy_files();
    let parse = |losses: &str| ProxyRuns::parse(2, ("mix", mixtures.as_bytes()), ("loss", losses.as_bytes()));
    let runs = parse(&losses).unwrap();
    assert_eq!((runs.mixtures.columns.len(), runs.losses.columns.len()), (17, 13));
    assert_eq!((runs.mixtures.position("pile_cc"), runs.losses.position("pile_cc")), (Some(11), Some(8)));
    assert_eq!(runs.losses.row(1), [2.5; 13]);
    let shifted = losses.replace("\n8,", "\n9,");
    assert_eq!(message(parse(&shifted)), "loss, row 2: index 9, but the same row of mix has index 8");
}

fn idx_file(kind: u8, sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, kind, sizes.len() as u8];
    file.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    file.extend(values);
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn idx_plain_and_packed() {
    let values: Vec<u8> = (0..12).collect();
    let file = idx_file(8, &[3, 2, 2], &values);
    assert_eq!(idx::parse("a", &file, &[3, 2, 2]).unwrap(), values);
    assert_eq!(idx::parse("a", &gzip(&file), &[3, 2, 2]).unwrap(), values);
}

#[test]
fn idx_errors_name_the_offset() {
    let good = idx_file(8, &[3, 2, 2], &[0; 12]);
    let parse = |bytes: &[u8]| message(idx::parse("a", bytes, &[3, 2, 2]));
    let floats = idx_file(13, &[3, 2, 2], &[0; 12]);
    assert_eq!(parse(&floats), "a, offset 0: the magic number is 0xd03, expected 0x803");
    let other = idx_file(8, &[3, 2, 5], &[0; 30]);
    assert_eq!(parse(&other), "a, offset 12: the size of dimension 2 is 0x5, expected 0x2");
    assert_eq!(parse(&good[..6]), "a, offset 6: the file ends before its size of dimension 0");
    assert_eq!(parse(&good[..20]), "a, offset 20: the file ends here, 8 bytes are missing");
    assert_eq!(parse(&[&good[..], b"xyz"].concat()), "a, offset 28: 3 bytes too many");
    let too_many = idx_file(8, &[u32::MAX, 2, 2], &[0; 12]);
    assert_eq!(parse(&too_many), "a, offset 4: the size of dimension 0 is 0xffffffff, expected 0x3");
}

#[test]
fn packed_idx_errors() {
    let good = gzip(&idx_file(8, &[3, 2, 2], &[0; 12]));
    let parse = |bytes: &[u8]| message(idx::parse("a", bytes, &[3, 2, 2]));
    assert!(parse(&good[..good.len() - 9]).contains("gzip stream is broken"), "{}", parse(&good[..20]));
    let bomb = gzip(&vec![0; 10_000_000]);
    assert_eq!(parse(&bomb), "a, offset 29: unpacks to more than the 28 bytes expected");
}

#[test]
fn labelled_images() {
    let images = idx_file(8, &[2, 1, 2], &[1, 2, 3, 4]);
    let parse = |labels: &[u8]| {
        let labels = idx_file(8, &[labels.len() as u32], labels);
        idx::labelled_images([2, 1, 2], 10, ("images", &images), ("labels", &labels))
    };
    let set = parse(&[0, 9]).unwrap();
    assert_eq!((set.image(1), &set.labels[..], set.height, set.width), (&[3, 4][..], &[0, 9][..], 1, 2));
    assert_eq!(message(parse(&[0, 10])), "labels, offset 9: label 10, expected less than 10");
    assert!(
        message(parse(&[0, 1, 2])).contains("labels, offset 4: the size of dimension 0 is 0x3, expected 0x2")
    );
}

/// Bytes that look like the format for a while.
fn nearly_text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "[0-9?.,\t\r\n\"e-]{0,300}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in nearly_text(), rows in 0_usize..4) {
        for layout in [AIRFOIL, NO2, SKILLCRAFT, COMMUNITIES_CRIME, EXCHANGE_RATE, mixture_layout(0), loss_layout(0)] {
            if let Ok(table) = (Layout { rows, ..layout }).parse("a", &bytes) {
                prop_assert_eq!(table.rows(), rows);
                prop_assert!(layout.missing.is_some() || table.cells.iter().all(|cell| cell.is_finite()));
            }
        }
        let _ = ProxyRuns::parse(rows, ("a", &bytes), ("b", &bytes));
    }

    #[test]
    fn no_bytes_make_the_idx_parser_panic(
        start in prop_oneof![Just(vec![]), Just(vec![0, 0, 8, 2]), Just(vec![0, 0, 8, 2, 0, 0, 0, 2]), Just(vec![0x1f, 0x8b, 8])],
        bytes in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let file = [start, bytes].concat();
        if let Ok(values) = idx::parse("a", &file, &[2, 3]) {
            prop_assert_eq!(values.len(), 6);
        }
    }

    #[test]
    fn what_is_written_is_read(rows in prop::collection::vec(prop::array::uniform6(-1e12_f64..1e12), 0..20)) {
        let line = |row: &[f64; 6]| row.map(|cell| cell.to_string()).join("\t") + "\r\n";
        let table = airfoil(rows.len(), &rows.iter().map(line).collect::<String>()).unwrap();
        prop_assert_eq!(table.cells, rows.concat());
    }
}
