//! The real files, where they are at hand: shapes and the numbers that are known of them. A test whose
//! data set is absent prints that it was skipped.
#![allow(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod common;

use std::fs;

use common::{real_data_dir, real_library};
use mixup_data::omniglot::Character;
use mixup_data::{
    DataError, Library, Recording, Table, airfoil, catalogue, fsdd, idx, load_images, load_sentence_pairs,
    load_table, load_test_images, omniglot_small,
};

/// Minimum, maximum, mean and population standard deviation.
fn statistics(values: &[f64]) -> [f64; 4] {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    let (min, max) = values.iter().fold((f64::MAX, f64::MIN), |(min, max), &v| (min.min(v), max.max(v)));
    [min, max, mean, variance.sqrt()]
}

fn assert_close(found: [f64; 4], expected: [f64; 4], tolerance: f64) {
    let close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() <= tolerance);
    assert!(close, "{found:?}, expected {expected:?}");
}

fn shape(table: &Table) -> (usize, usize) {
    (table.rows(), table.columns.len())
}

fn missing(table: &Table, column: usize) -> usize {
    table.column(column).iter().filter(|cell| cell.is_nan()).count()
}

/// How often each value occurs, by increasing value.
fn counts(values: &[f64]) -> Vec<usize> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.chunk_by(|a, b| a == b).map(<[f64]>::len).collect()
}

fn label_counts(labels: &[u16]) -> Vec<usize> {
    counts(&labels.iter().copied().map(f64::from).collect::<Vec<_>>())
}

#[test]
fn airfoil_is_as_documented() {
    let Some(library) = real_library(&catalogue::AIRFOIL) else { return };
    let table = airfoil(&library).unwrap();
    assert_eq!(shape(&table), (1503, 6));
    assert_close(statistics(&table.column(5)), [103.380, 140.987, 124.836, 6.896], 5e-4);
    assert_eq!(table.row(0), [800.0, 0.0, 0.3048, 71.3, 0.00266337, 126.201]);
}

#[test]
fn no2_is_as_documented() {
    let Some(library) = real_library(&catalogue::NO2) else { return };
    let table = load_table(&library, "no2").unwrap();
    assert_eq!(shape(&table), (500, 8));
    assert_close(statistics(&table.column(7)), [1.2238, 6.3951, 3.6984, 0.7498], 5e-5);
}

#[test]
fn skillcraft_is_as_documented() {
    let Some(library) = real_library(&catalogue::SKILLCRAFT) else { return };
    let table = load_table(&library, "skillcraft").unwrap();
    assert_eq!(shape(&table), (3395, 20));
    assert_eq!(counts(&table.column(1)), [167, 347, 553, 811, 806, 621, 35, 55]);
    let gaps: Vec<usize> = (0..20).map(|column| missing(&table, column)).collect();
    assert_eq!(gaps, [0, 0, 55, 56, 57, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let [min, max, ..] = statistics(&table.column(table.position("ActionLatency").unwrap()));
    assert!((min - 24.09).abs() < 0.01 && (max - 176.37).abs() < 0.01, "{min} {max}");
}

#[test]
fn communities_crime_is_as_documented() {
    let Some(library) = real_library(&catalogue::COMMUNITIES_CRIME) else { return };
    let table = load_table(&library, "communities-crime").unwrap();
    assert_eq!(shape(&table), (1994, 127));
    assert_eq!(counts(&table.column(0)).len(), 46);
    // Columns are counted as in the file, where the text column 3 stands before all but three.
    let gaps: Vec<(usize, usize)> = (0..127)
        .map(|column| (if column < 3 { column } else { column + 1 }, missing(&table, column)))
        .filter(|&(_, count)| count > 0)
        .collect();
    let police = (101..=117).chain(121..=124).chain([126]).map(|column| (column, 1675));
    let documented: Vec<_> = [(1, 1174), (2, 1177), (30, 1)].into_iter().chain(police).collect();
    assert_eq!(gaps, documented);
    for column in 4..127 {
        assert!(table.column(column).iter().all(|cell| cell.is_nan() || (0.0..=1.0).contains(cell)));
    }
}

#[test]
fn communities_crime_columns_are_those_of_its_names_file() {
    let names = real_data_dir().map(|dir| dir.join("communities_crime/communities.names"));
    let Some(text) = names.and_then(|path| fs::read_to_string(path).ok()) else {
        common::skipped("communities.names");
        return;
    };
    let list = text.split("Attribute Information").nth(1).unwrap();
    let names: Vec<&str> =
        list.lines().filter_map(|line| Some(line.strip_prefix("-- ")?.split_once(':')?.0)).collect();
    assert_eq!(names, mixup_data::COMMUNITIES_CRIME.columns);
}

#[test]
fn exchange_rate_is_as_documented() {
    let Some(library) = real_library(&catalogue::EXCHANGE_RATE) else { return };
    let table = load_table(&library, "exchange-rate").unwrap();
    assert_eq!(shape(&table), (7588, 8));
    let maxima: Vec<f64> = (0..8).map(|column| statistics(&table.column(column))[1]).collect();
    assert_eq!(maxima, [1.102536, 2.109, 1.091524, 1.374079, 0.237954, 0.013202, 0.882379, 0.832556]);
}

#[test]
fn regmix_is_as_documented() {
    let Some(library) = real_library(&catalogue::REGMIX) else { return };
    let set = mixup_data::regmix(&library).unwrap();
    let groups = [
        (&set.train_1m, 512, 0.45),
        (&set.test_1m, 256, 0.43),
        (&set.test_60m, 256, 0.43),
        (&set.test_1b, 64, 0.33),
    ];
    for (runs, count, zeros) in groups {
        assert_eq!((shape(&runs.mixtures), shape(&runs.losses)), ((count, 17), (count, 13)));
        let sums = (0..count).map(|row| runs.mixtures.row(row).iter().sum::<f64>());
        assert!(sums.into_iter().all(|sum| (0.9959..=1.0031).contains(&sum)));
        let share = runs.mixtures.cells.iter().filter(|&&cell| cell == 0.0).count() as f64;
        assert!((share / (17 * count) as f64 - zeros).abs() < 0.01, "{}", share / (17 * count) as f64);
    }
    assert_eq!(set.test_1m.mixtures, set.test_60m.mixtures);
    let absent: Vec<&String> = set
        .train_1m
        .mixtures
        .columns
        .iter()
        .filter(|domain| set.train_1m.losses.position(domain).is_none())
        .collect();
    assert_eq!(absent, ["nih_exporter", "philpapers", "enron_emails", "europarl"]);
}

#[test]
fn fashion_mnist_is_as_documented() {
    let Some(library) = real_library(&catalogue::FASHION_MNIST) else { return };
    let set = mixup_data::fashion_mnist(&library).unwrap();
    for (images, each) in [(&set.train, 6000), (&set.test, 1000)] {
        assert_eq!(label_counts(&images.labels), [each; 10]);
        assert_eq!(images.pixels.len(), 10 * each * 784);
        assert!(images.image(0).contains(&255) && images.image(0).contains(&0));
    }
    assert_eq!((set.train.height, set.train.width), (28, 28));
    // The published SHA-256 of the unpacked training images, header included.
    let header = [0x0803, 60_000, 28, 28].map(u32::to_be_bytes).concat();
    let published = "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888";
    assert_eq!(common::sha256(&[header, set.train.pixels].concat()), published);
}

#[test]
fn wine_quality_is_as_documented() {
    let table = load_table(&Library::from_env(None), "wine-quality").unwrap();
    assert_eq!(shape(&table), (1599, 12));
    assert_eq!(counts(&table.column(11)), [10, 53, 681, 638, 199, 18]);
    assert_eq!(table.row(0), [7.4, 0.7, 0.0, 1.9, 0.076, 11.0, 34.0, 0.9978, 3.51, 0.56, 9.4, 5.0]);
}

#[test]
fn diabetes_is_as_documented() {
    let table = load_table(&Library::from_env(None), "diabetes").unwrap();
    assert_eq!(shape(&table), (441, 11));
    let [min, max, ..] = statistics(&table.column(10));
    assert_eq!((min, max), (25.0, 346.0));
    for column in 0..10 {
        // Columns have unit length over 442 rows, of which one is gone.
        let length: f64 = table.column(column).iter().map(|cell| cell * cell).sum();
        assert!((0.98..=1.0 + 1e-9).contains(&length), "{column}: {length}");
    }
}

#[test]
fn digits_are_as_documented() {
    let images = mixup_data::digits(&Library::from_env(None)).unwrap();
    // Counts, mean and first row as scikit-learn's `load_digits` gives them.
    assert_eq!(label_counts(&images.labels), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    assert_eq!(images.image(0)[..16], [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]);
    let mean = images.pixels.iter().copied().map(f64::from).sum::<f64>() / images.pixels.len() as f64;
    assert!((mean - 4.884164579855314).abs() < 1e-12, "{mean}");
    assert_eq!((images.len(), images.pixels.iter().max()), (1797, Some(&16)));
}

#[test]
fn cifar10_jpeg_is_as_documented_and_decoded_once() {
    let Some(library) = real_library(&catalogue::CIFAR10_JPEG) else { return };
    let cache = tempfile::tempdir().unwrap();
    let library = Library::new(library.data_dir, cache.path().to_owned());
    let timed = || {
        let start = std::time::Instant::now();
        (load_images(&library, "cifar10-jpeg").unwrap(), start.elapsed())
    };
    let (set, decoding) = timed();
    let (again, loading) = timed();
    println!("decoded in {decoding:.2?}, loaded in {loading:.2?}");
    assert!(set == again);
    for (images, each) in [(&set.train, 5000), (&set.test, 1000)] {
        assert_eq!(label_counts(&images.labels), [each; 10]);
        assert_eq!(images.pixels.len(), 10 * each * 3072);
    }
    // Mean and spread of CIFAR-10's training images by channel, which re-coding hardly moves.
    let documented = [(0.4914, 0.2470), (0.4822, 0.2435), (0.4465, 0.2616)];
    for (channel, (mean, spread)) in documented.into_iter().enumerate() {
        let plane = |image: usize| &set.train.image(image)[1024 * channel..1024 * (channel + 1)];
        let values: Vec<f64> =
            (0..set.train.len()).flat_map(plane).map(|&value| f64::from(value) / 255.0).collect();
        let [.., found_mean, found_spread] = statistics(&values);
        assert!(
            (found_mean - mean).abs() < 0.002 && (found_spread - spread).abs() < 0.005,
            "channel {channel}: {found_mean} {found_spread}"
        );
    }
    // Where another version of the decoder gives other pixels, raise the version of the decoded cache.
    let pixels = common::sha256(&[set.train.pixels, set.test.pixels].concat());
    assert_eq!(pixels, "2529360d35647b7ac97bae3e3f859360cbacd7aa65ac09effac3e0291174ddf1");
}

#[test]
fn cifar_10_is_as_documented() {
    let Some(library) = real_library(&catalogue::CIFAR_10) else { return };
    let set = mixup_data::cifar_10(&library).unwrap();
    assert_eq!(label_counts(&set.train.labels), [5000; 10]);
    assert_eq!(label_counts(&set.test.labels), [1000; 10]);
}

#[test]
fn cifar_100_is_as_documented() {
    let Some(library) = real_library(&catalogue::CIFAR_100) else { return };
    let set = mixup_data::cifar_100(&library).unwrap();
    assert_eq!(label_counts(&set.train.labels), [500; 100]);
    assert_eq!(label_counts(&set.test.labels), [100; 100]);
}

#[test]
fn tiny_imagenet_is_as_documented() {
    let Some(library) = real_library(&catalogue::TINY_IMAGENET_200) else { return };
    let set = mixup_data::tiny_imagenet_200(&library).unwrap();
    assert_eq!(label_counts(&set.train.labels), [500; 200]);
    assert_eq!(label_counts(&set.test.labels), [50; 200]);
}

#[test]
fn mnist_t10k_is_as_documented() {
    let Some(library) = real_library(&catalogue::MNIST_T10K) else { return };
    let set = load_images(&library, "mnist-t10k").unwrap();
    assert!(set.train.is_empty() && set.train.height == 28);
    assert_eq!(label_counts(&set.test.labels), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    assert_eq!(set.test, load_test_images(&library, "mnist-t10k").unwrap());
}

#[test]
fn omniglot_small_is_as_its_derived_files() {
    let Some(library) = real_library(&catalogue::OMNIGLOT_SMALL) else { return };
    let cache = tempfile::tempdir().unwrap();
    let library = Library::new(library.data_dir, cache.path().to_owned());
    let timed = |side| {
        let start = std::time::Instant::now();
        (omniglot_small(&library, side).unwrap(), start.elapsed())
    };
    let (set, decoding) = timed(28);
    let (again, loading) = timed(28);
    println!("decoded in {decoding:.2?}, loaded in {loading:.2?}");
    assert!(set == again);
    assert_eq!((set.images.len(), set.characters.len(), set.images.classes), (4840, 242, 242));
    let each: Vec<usize> = counts(&set.characters.iter().map(|c| f64::from(c.alphabet)).collect::<Vec<_>>());
    assert_eq!(each, [24, 22, 24, 47, 40, 26, 42, 17]);
    assert_eq!(set.alphabet_names[3..5], ["Japanese_(katakana)", "Korean"]);

    let folder = real_data_dir().unwrap().join("omniglot-small");
    let Ok(table) = fs::read_to_string(folder.join("classes.tsv")) else {
        common::skipped("the derived files of omniglot-small");
        return;
    };
    let derived =
        |name: &str, shape: &[usize]| idx::parse(name, &fs::read(folder.join(name)).unwrap(), shape);
    assert!(set.images.pixels == derived("images-28x28-idx3-ubyte", &[4840, 28, 28]).unwrap());
    let labels: Vec<u8> = set.images.labels.iter().map(|&label| label as u8).collect();
    assert_eq!(labels, derived("characters-idx1-ubyte", &[4840]).unwrap());
    assert_eq!(set.alphabets, derived("alphabets-idx1-ubyte", &[4840]).unwrap());
    assert_eq!(set.drawers, derived("drawers-idx1-ubyte", &[4840]).unwrap());
    let line = |(id, c): (usize, &Character)| {
        format!("{id}\t{}\t{}\t{}", c.alphabet, set.alphabet_names[usize::from(c.alphabet)], c.folder)
    };
    let lines: Vec<String> = set.characters.iter().enumerate().map(line).collect();
    assert_eq!(lines, table.lines().skip(1).collect::<Vec<_>>());

    let (small, _) = timed(20);
    assert_eq!((small.images.pixels.len(), &small.images.labels), (4840 * 400, &set.images.labels));
    let (whole, _) = timed(105);
    assert!(whole.images.pixels.iter().all(|&pixel| pixel == 0 || pixel == 255));
    for side in [0, 106] {
        let message = omniglot_small(&library, side).unwrap_err().to_string();
        assert!(message.ends_with("the side is from 1 to 105"), "{message}");
    }
}

#[test]
fn fsdd_is_as_documented() {
    let Some(library) = real_library(&catalogue::FSDD) else { return };
    let set = fsdd(&library).unwrap();
    assert_eq!((set.train.len(), set.test.len()), (2100, 300));
    let names = |part: &[Recording]| part.iter().map(|r| (r.digit, r.speaker, r.index)).collect::<Vec<_>>();
    assert!(names(&set.train).is_sorted() && names(&set.test).is_sorted());
    assert!(set.test.iter().all(|recording| recording.index < 5));
    let mut lengths: Vec<usize> =
        set.train.iter().chain(&set.test).map(|recording| recording.samples.len()).collect();
    lengths.sort_unstable();
    assert_eq!((lengths[0], lengths[2399]), (1148, 18262));
    // Two bytes a value, behind 44 bytes of header in each file.
    assert_eq!(lengths.iter().sum::<usize>(), (16_937_436 - 44 * 2400) / 2);
    let digits: Vec<f64> = set.train.iter().map(|recording| recording.digit.into()).collect();
    let speakers: Vec<f64> = set.test.iter().map(|recording| recording.speaker.into()).collect();
    assert_eq!((counts(&digits), counts(&speakers)), (vec![210; 10], vec![50; 6]));
    // The first values of 0_george_0.wav.
    assert_eq!(set.test[0].samples[..4], [-1489, -962, -606, 163]);
}

#[test]
fn sentence_pairs_are_as_documented() {
    // Mean score of each part.
    for (name, expected) in [
        ("sts-b", [2.7009990253653395, 2.363907555555555, f64::NAN]),
        ("sts-b-dir", [2.6947008258564735, 2.465602666666669, 2.4638174285714296]),
        ("sts-b-dir-supremix", [2.6939104319190026, 2.4670374285714307, 2.466531444444446]),
    ] {
        let Some(library) = real_library(catalogue::find(name).unwrap()) else { continue };
        let set = load_sentence_pairs(&library, name).unwrap();
        for (part, expected) in [&set.train, &set.validation, &set.test].into_iter().zip(expected) {
            let scores: Vec<f64> = part.iter().map(|pair| pair.score).collect();
            let [min, max, mean, _] = statistics(&scores);
            assert!((mean - expected).abs() < 1e-9 || expected.is_nan() && mean.is_nan(), "{name}: {mean}");
            assert!(expected.is_nan() || (min, max) == (0.0, 5.0), "{name}: {min} {max}");
            assert!(part.iter().all(|pair| !pair.first.is_empty() && !pair.second.is_empty()));
            assert!(part.iter().all(|pair| pair.genre.starts_with("main-")));
        }
    }
}

#[test]
fn a_flipped_byte_in_a_real_file_is_an_error() {
    let Some(library) = real_library(&catalogue::AIRFOIL) else { return };
    let mut bytes = fs::read(&library.verify(&catalogue::AIRFOIL).unwrap().files[0]).unwrap();
    bytes[30_000] ^= 1;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("airfoil/airfoil_self_noise.dat");
    common::write(&path, &bytes);
    let error = airfoil(&Library::new(Some(dir.path().to_owned()), library.cache_dir)).unwrap_err();
    assert!(matches!(error, DataError::Checksum(_)), "{error}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}
