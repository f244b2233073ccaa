use super::*;
use crate::stream::Streams;
use crate::tensor::to_host;

const SQUARE: ImageShape = ImageShape { channels: 1, height: 3, width: 3 };
const IMAGE: [f32; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// Views that leave values as they are but for the view.
fn views(shape: ImageShape, config: ViewConfig) -> Views {
    let statistics = ChannelStatistics { mean: vec![0.0; shape.channels], std: vec![1.0; shape.channels] };
    Views::new(shape, &statistics, config).unwrap()
}

fn share(value: f64) -> UnitInterval {
    UnitInterval::new(value).unwrap()
}

#[test]
fn a_part_becomes_the_whole() {
    let whole = Rectangle { top: 0, left: 0, height: 3, width: 3 };
    assert_eq!(whole.enlarged(&IMAGE, 3, [3, 3]), IMAGE);
    let pixel = Rectangle { top: 1, left: 2, height: 1, width: 1 };
    assert_eq!(pixel.enlarged(&IMAGE, 3, [3, 3]), [0.6; 9]);
    // Two columns over three: centres at -1/6 (the border), 1/2 and 7/6.
    let found = Rectangle { top: 0, left: 1, height: 1, width: 2 }.enlarged(&IMAGE, 3, [3, 3]);
    let expected = [0.2, 0.25, 0.3];
    assert!(found[..3].iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
}

#[test]
fn a_move_brings_black_in() {
    let views = views(SQUARE, ViewConfig::default());
    assert_eq!(views.moved(&IMAGE, 1, 0), [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.0, 0.0, 0.0]);
    assert_eq!(views.moved(&IMAGE, -1, 2), [0.0, 0.0, 0.0, 0.3, 0.0, 0.0, 0.6, 0.0, 0.0]);
}

#[test]
fn parts_have_the_areas_and_proportions_that_are_asked_for() {
    let mut streams = Streams::new("views", 0);
    let mut sum = 0.0;
    for _ in 0..2000 {
        let Rectangle { top, left, height, width } = Rectangle::random([64, 64], 0.2, streams.get("part"));
        assert!(top + height <= 64 && left + width <= 64);
        let area = (height * width) as f64 / 4096.0;
        // Sides are whole pixels.
        assert!(area > 0.19, "{height} x {width}");
        let ratio = width as f64 / height as f64;
        assert!((0.71..1.4).contains(&ratio), "{height} x {width}");
        sum += area;
    }
    // Areas near 1 with long sides do not fit and are drawn again: below the mean of 0.6.
    assert!((0.5..0.6).contains(&(sum / 2000.0)), "{}", sum / 2000.0);
}

#[test]
fn nothing_asked_for_draws_nothing() {
    let device = Device::flex();
    let values: Vec<f32> = IMAGE.iter().chain(&[0.0; 9]).copied().collect();
    let mut streams = Streams::new("views", 0);
    streams.get("views");
    let before = streams.positions();
    let nothing = views(SQUARE, ViewConfig::default());
    let view = nothing.random(&values, &[1, 0], streams.get("views"), &device);
    assert_eq!(view.dims(), [2, 1, 3, 3]);
    let plain = nothing.plain(&values, &[1, 0], &device);
    assert_eq!(to_host(view).unwrap(), to_host(plain).unwrap());
    assert_eq!(streams.positions(), before);
}

#[test]
fn two_views_differ_and_a_seed_gives_the_same_ones() {
    let device = Device::flex();
    let jitter = Jitter {
        brightness: share(0.4),
        contrast: share(0.4),
        saturation: Some(share(0.4)),
        hue: Some(share(0.1)),
        share: share(0.8),
    };
    let all = ViewConfig {
        crop_from: Some(share(0.3)),
        shift: 1,
        flip: true,
        jitter: Some(jitter),
        grey: Some(share(0.2)),
        noise: Some(Positive::new(0.1).unwrap()),
    };
    let shape = ImageShape { channels: 3, ..SQUARE };
    let values: Vec<f32> = (0..27).map(|at| at as f32 / 27.0).collect();
    let draw = |seed: u64| {
        let mut streams = Streams::new("views", seed);
        let views = views(shape, all);
        let mut view = || to_host(views.random(&values, &[0], streams.get("views"), &device)).unwrap();
        (view(), view())
    };
    let (first, second) = draw(1);
    assert_ne!(first, second);
    assert_eq!(draw(1), (first.clone(), second));
    assert_ne!(draw(2).0, first);
}

#[test]
fn noise_has_its_deviation_and_comes_after_normalisation() {
    let statistics = ChannelStatistics { mean: vec![0.5], std: vec![0.25] };
    let shape = ImageShape { channels: 1, height: 100, width: 100 };
    let noise = ViewConfig { noise: Some(Positive::new(0.3).unwrap()), ..ViewConfig::default() };
    let views = Views::new(shape, &statistics, noise).unwrap();
    let mut streams = Streams::new("views", 0);
    let view = views.random(&[1.0; 10_000], &[0], streams.get("views"), &Device::flex());
    let values = to_host(view).unwrap();
    let mean = values.iter().sum::<f64>() / 1e4;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 1e4).sqrt();
    assert!((mean - 2.0).abs() < 0.02 && (deviation - 0.3).abs() < 0.01, "{mean}, {deviation}");
}

#[test]
fn what_cannot_be_is_refused() {
    let statistics = ChannelStatistics { mean: vec![0.0], std: vec![1.0] };
    let refused = |config: ViewConfig| Views::new(SQUARE, &statistics, config).unwrap_err().to_string();
    assert!(refused(ViewConfig { shift: 3, ..ViewConfig::default() }).contains("3 x 3"));
    let nowhere = ViewConfig { crop_from: Some(share(0.0)), ..ViewConfig::default() };
    assert!(refused(nowhere).contains("area above 0"));
    let three = ImageShape { channels: 3, ..SQUARE };
    assert!(Views::new(three, &statistics, ViewConfig::default()).is_err());
    assert!(serde_json::from_str::<ViewConfig>(r#"{"flop": true}"#).is_err());
}
