//! Omniglot's archives on small made files.
#![allow(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod common;

use common::drawings::{LAYOUT, archives, png};
use common::images::{Members, grey_jpeg, zip};
use mixup_data::omniglot::{Omniglot, parse};
use mixup_data::{DataError, load_test_images};

fn parse_both(members: &[Members; 2]) -> Result<Omniglot, DataError> {
    let [first, second] = members.each_ref().map(|members| zip(members));
    parse(&[("a.zip", &first), ("b.zip", &second)], &LAYOUT)
}

fn message(change: impl FnOnce(&mut [Members; 2])) -> String {
    let mut members = archives();
    change(&mut members);
    parse_both(&members).unwrap_err().to_string()
}

#[test]
fn drawings_in_the_order_of_alphabet_character_and_drawer() {
    let set = parse_both(&archives()).unwrap();
    assert_eq!(set.images.labels, [0, 0, 1, 1, 2, 2]);
    assert_eq!((set.alphabets, set.drawers), (vec![0, 0, 1, 1, 1, 1], vec![1, 2, 1, 2, 1, 2]));
    assert_eq!(set.alphabet_names, ["Alpha", "Beta"]);
    let characters: Vec<_> = set.characters.iter().map(|c| (c.alphabet, c.folder.as_str())).collect();
    assert_eq!(characters, [(0, "character01"), (1, "character01"), (1, "character02")]);
    for drawing in 0..6 {
        let image = set.images.image(drawing);
        let ink = image.iter().take_while(|&&pixel| pixel == 255).count();
        assert_eq!((ink, image.len()), (drawing + 1, 81));
        assert!(image[ink..].iter().all(|&pixel| pixel == 0));
    }
    let small = set.images.box_filtered(3, 3);
    // Six pixels of the first row: two thirds of the drawing's first row, a third of each new pixel's area.
    assert_eq!(small.image(5), [85, 85, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn drawings_of_some_characters_by_some_drawers() {
    let set = parse_both(&archives()).unwrap();
    let drawn = set.drawn_by(&[0, 2], 2..=2);
    assert_eq!((drawn.classes, &drawn.labels[..]), (2, &[0, 1][..]));
    assert_eq!([drawn.image(0), drawn.image(1)], [set.images.image(1), set.images.image(5)]);
    assert_eq!(set.drawn_by(&[0, 1, 2], 1..=2), set.images);
    assert!(set.drawn_by(&[0, 1, 2], 3..=20).is_empty());
}

#[test]
fn members_that_belong_nowhere_or_are_missing() {
    let stray = message(|members| members[0][0].0 = "small1/readme.txt".into());
    assert!(stray.starts_with("a.zip, member small1/readme.txt: expected only <folder>/"), "{stray}");
    for name in ["small1/Beta/character02/0002_a.png", "small1/Beta/character02/x/0002_01.png", "0002_01.png"]
    {
        let stray = message(|members| members[0][0].0 = name.into());
        assert!(stray.starts_with(&format!("a.zip, member {name}: expected only")), "{stray}");
    }
    let missing = message(|members| drop(members[1].remove(0)));
    let expected =
        "b.zip, member small2/Beta/character01/0001_02.png: expected one drawing of each of 2 drawers";
    assert!(missing.starts_with(expected), "{missing}");
    let alphabet = message(|members| members[0].truncate(2));
    assert_eq!(alphabet, "a.zip, offset 0: 1 alphabets, expected 2");
    let character = message(|members| members[1].retain(|(name, _)| !name.contains("Beta/character01")));
    assert_eq!(character, "a.zip, offset 0: 2 characters, expected 3");
}

#[test]
fn drawings_that_are_wrong() {
    let first = "a.zip, member small1/Alpha/character01/0000_01.png: ";
    let with = |content: Vec<u8>| message(|members| members[0][2].1 = content);
    assert_eq!(with(png(8, |_, _| true)), format!("{first}is 8 x 8, expected 9 x 9"));
    assert_eq!(with(grey_jpeg(9, 0)), format!("{first}is no PNG image of one bit a pixel"));
    assert_eq!(with(vec![]), format!("{first}is no PNG image of one bit a pixel"));
    let whole = png(9, |_, _| true);
    let cut = with(whole[..whole.len() - 20].to_vec());
    assert!(cut.starts_with(first), "{cut}");
    let another = message(|members| members[1][3].1 = png(9, |_, _| true));
    assert!(another.ends_with("0002_02.png: is another drawing than in the other archive"), "{another}");
}

#[test]
fn test_images_of_any_image_set() {
    let (library, _cache) = common::empty_library();
    let digits = load_test_images(&library, "digits").unwrap();
    assert_eq!((digits.len(), digits.pixels.iter().max()), (1797, Some(&255)));
    assert_eq!(digits.image(0)[..8], [0, 0, 80, 207, 143, 16, 0, 0]);
    let table = load_test_images(&library, "airfoil").unwrap_err().to_string();
    assert!(table.ends_with("mnist-t10k, digits, omniglot-small"), "{table}");
}
