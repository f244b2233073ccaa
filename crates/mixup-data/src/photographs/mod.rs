//! Sets of photographs, in folders as their archives unpack: CUB-200-2011, Cars196, Stanford Online Products and In-Shop of
//! metric learning; Stanford Cars, FGVC-Aircraft, Butterfly-200 and NABirds, which are told apart finely; WebVision, whose
//! images are outliers of these. Most are for research only and of gigabytes each, so that no provider of the catalogue serves
//! them: their user puts them in place.
//!
//! What is read are the lists. An [`Album`] has those of a set by its name and decodes the photographs that are asked for.

mod album;
mod develop;
mod fine_grained;
mod webvision;

pub use album::{Album, album, is_album};
pub use develop::Fit;
pub use fine_grained::{butterfly_200, fgvc_aircraft, nabirds, stanford_cars};
pub use webvision::webvision;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::error::DataError;

/// A photograph of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photograph {
    /// Below the folder of the set, with `/` between its parts.
    pub path: String,
    /// Its class: counted from 0, over all parts.
    pub class: usize,
}

/// The parts of a set. Those of metric learning have no class that is both trained on and tested on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Photographs {
    /// What is trained on.
    pub train: Vec<Photograph>,
    /// What is tested on; in metric learning, what is retrieved for.
    pub queries: Vec<Photograph>,
    /// What is searched in metric learning; where it is empty, the queries themselves.
    pub gallery: Vec<Photograph>,
}

/// CUB-200-2011: the folder with `images.txt` and `image_class_labels.txt`, images below `images/`. The first 100 of
/// the 200 classes are trained on.
///
/// # Errors
/// [`DataError::Read`] for a list or a photograph that is not there, [`DataError::Member`] for a line that is not as it
/// should be.
pub fn cub_200_2011(root: &Path) -> Result<Photographs, DataError> {
    let classes = Lines::read(root, "image_class_labels.txt")?;
    let classes: BTreeMap<String, usize> = classes
        .rows(0, 2)?
        .into_iter()
        .map(|row| Ok((row.fields[0].clone(), row.number(1)?)))
        .collect::<Result<_, DataError>>()?;
    let images = Lines::read(root, "images.txt")?;
    let mut set = Photographs::default();
    for row in images.rows(0, 2)? {
        let class = classes.get(&row.fields[0]).copied();
        let class = class.filter(|class| (1..=200).contains(class));
        let class = class.ok_or_else(|| row.wrong("has no class from 1 to 200"))? - 1;
        let part = if class < 100 { &mut set.train } else { &mut set.queries };
        part.push(Photograph { path: format!("images/{}", row.fields[1]), class });
    }
    set.apart(root)
}

/// Cars196: a folder for each class, in whose order the first half is trained on (98 of 196).
///
/// # Errors
/// As [`cub_200_2011`].
pub fn cars196(root: &Path) -> Result<Photographs, DataError> {
    let folders = names(root)?;
    let folders: Vec<String> = folders.into_iter().filter(|name| root.join(name).is_dir()).collect();
    let mut set = Photographs::default();
    for (class, folder) in folders.iter().enumerate() {
        let part = if class < folders.len() / 2 { &mut set.train } else { &mut set.queries };
        let images = names(&root.join(folder))?.into_iter();
        part.extend(images.map(|image| Photograph { path: format!("{folder}/{image}"), class }));
    }
    set.apart(root)
}

/// Stanford Online Products: the folder with `Ebay_train.txt` and `Ebay_test.txt`.
///
/// # Errors
/// As [`cub_200_2011`].
pub fn stanford_online_products(root: &Path) -> Result<Photographs, DataError> {
    let part = |name: &str| {
        let lines = Lines::read(root, name)?;
        let rows = lines.rows(1, 4)?.into_iter();
        rows.map(|row| {
            let class = row.number(1)?.checked_sub(1).ok_or_else(|| row.wrong("has the class 0"))?;
            Ok(Photograph { path: row.fields[3].clone(), class })
        })
        .collect::<Result<Vec<_>, DataError>>()
    };
    let (train, queries) = (part("Ebay_train.txt")?, part("Ebay_test.txt")?);
    Photographs { train, queries, gallery: Vec::new() }.apart(root)
}

/// In-Shop Clothes Retrieval: the folder with `list_eval_partition.txt` of its part `Eval`, and the images below.
/// Queries have their own gallery.
///
/// # Errors
/// As [`cub_200_2011`].
pub fn in_shop(root: &Path) -> Result<Photographs, DataError> {
    let lines = Lines::read(root, "list_eval_partition.txt")?;
    let rows = lines.rows(2, 3)?;
    let mut items: BTreeMap<&str, usize> = rows.iter().map(|row| (row.fields[1].as_str(), 0)).collect();
    items.values_mut().enumerate().for_each(|(number, class)| *class = number);
    let mut set = Photographs::default();
    for row in &rows {
        let part = match row.fields[2].as_str() {
            "train" => &mut set.train,
            "query" => &mut set.queries,
            "gallery" => &mut set.gallery,
            _ => return Err(row.wrong("is of no part `train`, `query` or `gallery`")),
        };
        part.push(Photograph { path: row.fields[0].clone(), class: items[row.fields[1].as_str()] });
    }
    set.apart(root)
}

impl Photographs {
    /// Whether every photograph is there.
    fn present(self, root: &Path) -> Result<Self, DataError> {
        for photograph in self.train.iter().chain(&self.queries).chain(&self.gallery) {
            let path = root.join(&photograph.path);
            fs::metadata(&path).map_err(|source| DataError::Read { path, source })?;
        }
        Ok(self)
    }

    /// A photograph whose class is both trained on and tested on, where there is one.
    fn shared(&self) -> Option<&Photograph> {
        let tested = self.queries.iter().chain(&self.gallery);
        let classes: BTreeSet<usize> = tested.map(|photograph| photograph.class).collect();
        self.train.iter().find(|photograph| classes.contains(&photograph.class))
    }

    /// Whether every photograph is there, and no class on both sides.
    fn apart(self, root: &Path) -> Result<Self, DataError> {
        let set = self.present(root)?;
        match set.shared() {
            None => Ok(set),
            Some(both) => {
                Err(DataError::member(&both.path, "its class", "is trained on and tested on as well"))
            }
        }
    }
}

/// A list, line by line.
struct Lines {
    name: String,
    text: String,
}

/// The fields of a line.
struct Row {
    file: String,
    line: usize,
    fields: Vec<String>,
}

impl Lines {
    fn read(root: &Path, name: &str) -> Result<Self, DataError> {
        let path = root.join(name);
        let text = fs::read_to_string(&path).map_err(|source| DataError::Read { path, source })?;
        Ok(Self { name: name.to_owned(), text })
    }

    /// All lines after the first `headings`, each of so many fields.
    fn rows(&self, headings: usize, fields: usize) -> Result<Vec<Row>, DataError> {
        self.split(headings, fields, |text| text.split_whitespace().map(str::to_owned).collect())
    }

    /// All lines, each of one field and what stands behind its first space, which may have spaces of its own.
    fn pairs(&self) -> Result<Vec<Row>, DataError> {
        self.split(0, 2, |text| text.trim().splitn(2, ' ').map(|field| field.trim().to_owned()).collect())
    }

    /// All lines, each of so many fields, the first of which may have spaces of its own.
    fn rows_from_behind(&self, fields: usize) -> Result<Vec<Row>, DataError> {
        self.split(0, fields, |text| {
            let mut found: Vec<String> = text.trim().rsplitn(fields, ' ').map(str::to_owned).collect();
            found.reverse();
            found
        })
    }

    fn split(
        &self,
        headings: usize,
        fields: usize,
        split: impl Fn(&str) -> Vec<String>,
    ) -> Result<Vec<Row>, DataError> {
        let lines = (1..).zip(self.text.lines()).skip(headings).filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(line, text)| {
                let row = Row { file: self.name.clone(), line, fields: split(text) };
                match row.fields.len() {
                    count if count == fields => Ok(row),
                    count => Err(row.wrong(&format!("has {count} fields, expected {fields}"))),
                }
            })
            .collect()
    }
}

impl Row {
    fn wrong(&self, problem: &str) -> DataError {
        DataError::member(&self.file, &format!("line {}", self.line), problem)
    }

    fn number(&self, field: usize) -> Result<usize, DataError> {
        self.fields[field].parse().map_err(|_| self.wrong("has a class that is no number"))
    }
}

/// The sorted names in a folder, hidden ones left out.
fn names(folder: &Path) -> Result<Vec<String>, DataError> {
    let read = |source| DataError::Read { path: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        let name = entry.map_err(read)?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use tempfile::TempDir;

    pub(crate) fn tree(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    pub(crate) fn of(part: &[Photograph]) -> Vec<(&str, usize)> {
        part.iter().map(|photograph| (photograph.path.as_str(), photograph.class)).collect()
    }

    const BIRDS: [(&str, &str); 4] = [
        ("images.txt", "1 001.Albatross/a.jpg\n2 101.Pelican/b.jpg\n"),
        ("image_class_labels.txt", "1 1\n2 101\n"),
        ("images/001.Albatross/a.jpg", ""),
        ("images/101.Pelican/b.jpg", ""),
    ];

    #[test]
    fn birds_of_the_first_hundred_classes_are_trained_on() {
        let root = tree(&BIRDS);
        let set = cub_200_2011(root.path()).unwrap();
        assert_eq!(of(&set.train), [("images/001.Albatross/a.jpg", 0)]);
        assert_eq!(of(&set.queries), [("images/101.Pelican/b.jpg", 100)]);
        assert!(set.gallery.is_empty());
        let missing = cub_200_2011(tree(&BIRDS[..3]).path()).unwrap_err().to_string();
        assert!(missing.contains("b.jpg"), "{missing}");
        let wrong = |at: usize, text: &'static str| {
            let mut files = BIRDS;
            files[at].1 = text;
            cub_200_2011(tree(&files).path()).unwrap_err().to_string()
        };
        assert!(wrong(1, "1 1\n").contains("line 2"));
        assert!(wrong(1, "1 1\n2 201\n").contains("no class from 1 to 200"));
        assert!(wrong(1, "1 one\n2 101\n").contains("no number"));
        assert!(wrong(0, "1 a b\n").contains("3 fields"));
    }

    #[test]
    fn cars_are_split_in_the_order_of_their_folders() {
        let root =
            tree(&[("b/2.jpg", ""), ("b/1.jpg", ""), ("a/x.jpg", ""), (".hidden/y.jpg", ""), ("readme", "")]);
        let set = cars196(root.path()).unwrap();
        assert_eq!(
            (of(&set.train), of(&set.queries)),
            (vec![("a/x.jpg", 0)], vec![("b/1.jpg", 1), ("b/2.jpg", 1)])
        );
    }

    #[test]
    fn products_by_their_two_lists() {
        let heading = "image_id class_id super_class_id path\n";
        let (train, test) =
            (format!("{heading}1 1 1 bicycle/a.JPG\n"), format!("{heading}2 7 1 chair/b.JPG\n"));
        let files = [
            ("Ebay_train.txt", &*train),
            ("Ebay_test.txt", &*test),
            ("bicycle/a.JPG", ""),
            ("chair/b.JPG", ""),
        ];
        let set = stanford_online_products(tree(&files).path()).unwrap();
        assert_eq!(
            (of(&set.train), of(&set.queries)),
            (vec![("bicycle/a.JPG", 0)], vec![("chair/b.JPG", 6)])
        );
        let both = [files[0], ("Ebay_test.txt", &*train), files[2]];
        let error = stanford_online_products(tree(&both).path()).unwrap_err().to_string();
        assert!(error.contains("tested on as well"), "{error}");
    }

    #[test]
    fn clothes_have_queries_and_a_gallery() {
        let list = "3\nimage_name item_id evaluation_status\nimg/a.jpg id_01 train\nimg/b.jpg id_02 query\nimg/c.jpg id_02 gallery\n";
        let files =
            [("list_eval_partition.txt", list), ("img/a.jpg", ""), ("img/b.jpg", ""), ("img/c.jpg", "")];
        let set = in_shop(tree(&files).path()).unwrap();
        assert_eq!(of(&set.train), [("img/a.jpg", 0)]);
        assert_eq!((of(&set.queries), of(&set.gallery)), (vec![("img/b.jpg", 1)], vec![("img/c.jpg", 1)]));
        let list = list.replace("gallery", "other");
        let error = in_shop(tree(&[("list_eval_partition.txt", &list)]).path()).unwrap_err().to_string();
        assert!(error.contains("line 5"), "{error}");
    }
}
