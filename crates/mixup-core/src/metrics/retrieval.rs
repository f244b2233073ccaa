//! Retrieval: which samples of a gallery are the nearest to a query, and of which classes they are.
//!
//! Similarities are inner products, cosines where rows have length 1. They are computed for a block of queries
//! at a time, so that memory grows with the gallery and never with queries times gallery.

use std::cmp::Ordering;

use ndarray::{ArrayView2, Axis, s};

use crate::CoreError;

/// Queries whose similarities are held at a time.
pub const BLOCK: usize = 256;

/// A gallery to be searched.
#[derive(Debug, Clone, Copy)]
pub struct Gallery<'a> {
    /// `[samples, dimensions]`
    pub embeddings: ArrayView2<'a, f64>,
    /// Class of each.
    pub labels: &'a [usize],
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Queries<'a> {
    /// Every sample of the gallery. It is not among its own neighbours: it is left out by its index, so that
    /// another sample at the same place stays.
    Gallery,
    /// Others.
    Others(Gallery<'a>),
}

/// How well neighbours are of the query's class.
#[derive(Debug, Clone, PartialEq)]
pub struct Retrieval {
    /// Recall@K for each of the asked K: the share of queries with a sample of their class among the K nearest.
    pub recall: Vec<f64>,
    /// Mean over queries of `1/R sum_{i=1..R} precision(i) relevant(i)`, where R is the number of samples of the
    /// query's class in the gallery (Musgrave et al. 2020). Queries with R = 0 are left out.
    pub map_at_r: f64,
    /// Mean over queries of the share of their class among the R nearest; those with R = 0 are left out.
    pub r_precision: f64,
}

impl<'a> Queries<'a> {
    fn of(self, gallery: Gallery<'a>) -> (Gallery<'a>, bool) {
        match self {
            Self::Gallery => (gallery, true),
            Self::Others(queries) => (queries, false),
        }
    }
}

/// Recall@K, mAP@R and R-precision. Of equally similar samples the earlier is nearer.
///
/// # Errors
/// Labels for another number of samples, embeddings of different dimensions or that are not finite, or no query.
pub fn retrieval<'a>(
    gallery: Gallery<'a>,
    queries: Queries<'a>,
    ks: &[usize],
) -> Result<Retrieval, CoreError> {
    let (asking, own) = queries.of(gallery);
    let most = gallery.labels.iter().max().map_or(0, |label| label + 1);
    let mut sizes = vec![0_usize; most];
    gallery.labels.iter().for_each(|label| sizes[*label] += 1);
    let relevant = |query: usize| {
        let size = sizes.get(asking.labels[query]).copied().unwrap_or(0);
        size - usize::from(own)
    };
    let deepest = ks.iter().copied().max().unwrap_or(0).max(sizes.iter().copied().max().unwrap_or(0));
    let mut hits = vec![0_usize; ks.len()];
    let (mut map, mut precision, mut counted) = (0.0, 0.0, 0_usize);
    neighbours(gallery, queries, deepest, |query, nearest| {
        let same = |place: &usize| gallery.labels[nearest[*place]] == asking.labels[query];
        if let Some(first) = (0..nearest.len()).find(same) {
            hits.iter_mut().zip(ks).filter(|(_, k)| first < **k).for_each(|(hits, _)| *hits += 1);
        }
        let wanted = relevant(query);
        if wanted > 0 {
            let found: Vec<usize> = (0..wanted.min(nearest.len())).filter(same).collect();
            let average = (1..).zip(&found).map(|(count, place)| f64::from(count) / (place + 1) as f64);
            map += average.sum::<f64>() / wanted as f64;
            precision += found.len() as f64 / wanted as f64;
            counted += 1;
        }
    })?;
    let asked = asking.labels.len();
    Ok(Retrieval {
        recall: hits.into_iter().map(|hits| hits as f64 / asked as f64).collect(),
        map_at_r: map / counted as f64,
        r_precision: precision / counted as f64,
    })
}

/// Recall@K by ranks, as In-Shop is measured: the share of queries for which fewer than K samples of other
/// classes are more similar than the most similar sample of their own. Ties count for the query; one without a
/// sample of its class in the gallery misses.
///
/// # Errors
/// As [`retrieval`].
pub fn recall_by_rank(
    gallery: Gallery<'_>,
    queries: Gallery<'_>,
    ks: &[usize],
) -> Result<Vec<f64>, CoreError> {
    let mut hits = vec![0_usize; ks.len()];
    blocks(gallery, queries, |query, similarities| {
        let class = queries.labels[query];
        let of = |own: bool| {
            let sides = similarities.iter().zip(gallery.labels);
            sides.filter(move |(_, label)| (**label == class) == own).map(|(similarity, _)| *similarity)
        };
        let best = of(true).fold(f64::NEG_INFINITY, f64::max);
        let ahead = match best {
            f64::NEG_INFINITY => usize::MAX,
            best => of(false).filter(|similarity| *similarity > best).count(),
        };
        hits.iter_mut().zip(ks).filter(|(_, k)| ahead < **k).for_each(|(hits, _)| *hits += 1);
    })?;
    Ok(hits.into_iter().map(|hits| hits as f64 / queries.labels.len() as f64).collect())
}

/// The class that most of the `k` nearest have, for each query; of equally frequent ones that of the nearest
/// sample.
///
/// # Errors
/// As [`retrieval`], and a `k` of 0.
pub fn knn_classes<'a>(
    gallery: Gallery<'a>,
    queries: Queries<'a>,
    k: usize,
) -> Result<Vec<usize>, CoreError> {
    if k == 0 {
        return Err(CoreError::Invalid("k nearest neighbours: k is at least 1".into()));
    }
    let mut classes = Vec::new();
    neighbours(gallery, queries, k, |_, nearest| {
        let labels: Vec<usize> = nearest.iter().map(|sample| gallery.labels[*sample]).collect();
        let votes = |label: &usize| labels.iter().filter(|other| *other == label).count();
        // The last of equal maxima wins, hence from far to near.
        classes.extend(labels.iter().rev().max_by_key(|label| votes(label)).copied());
    })?;
    Ok(classes)
}

/// Calls `found` for each query, in order, with its `k` nearest samples of the gallery, the nearest first, or
/// all where there are fewer.
///
/// # Errors
/// As [`retrieval`].
pub fn neighbours<'a>(
    gallery: Gallery<'a>,
    queries: Queries<'a>,
    k: usize,
    mut found: impl FnMut(usize, &[usize]),
) -> Result<(), CoreError> {
    let (asking, own) = queries.of(gallery);
    let mut order: Vec<usize> = Vec::with_capacity(gallery.labels.len());
    blocks(gallery, asking, |query, similarities| {
        order.clear();
        order.extend((0..similarities.len()).filter(|sample| !own || *sample != query));
        let nearer = |a: &usize, b: &usize| -> Ordering {
            similarities[*b].total_cmp(&similarities[*a]).then(a.cmp(b))
        };
        if k < order.len() {
            order.select_nth_unstable_by(k, nearer);
            order.truncate(k);
        }
        order.sort_unstable_by(nearer);
        found(query, &order);
    })
}

/// Calls `row` with the similarities of each query to the whole gallery.
fn blocks(
    gallery: Gallery<'_>,
    queries: Gallery<'_>,
    mut row: impl FnMut(usize, &[f64]),
) -> Result<(), CoreError> {
    gallery.check()?;
    queries.check()?;
    if queries.labels.is_empty() || queries.embeddings.ncols() != gallery.embeddings.ncols() {
        let shapes = (queries.embeddings.shape(), gallery.embeddings.shape());
        return Err(CoreError::Invalid(format!("queries {:?} for a gallery {:?}", shapes.0, shapes.1)));
    }
    for start in (0..queries.labels.len()).step_by(BLOCK) {
        let end = (start + BLOCK).min(queries.labels.len());
        let block = queries.embeddings.slice(s![start..end, ..]).dot(&gallery.embeddings.t());
        for (query, similarities) in (start..).zip(block.axis_iter(Axis(0))) {
            row(query, &similarities.to_vec());
        }
    }
    Ok(())
}

impl Gallery<'_> {
    fn check(&self) -> Result<(), CoreError> {
        if self.embeddings.nrows() != self.labels.len() {
            let (rows, labels) = (self.embeddings.nrows(), self.labels.len());
            return Err(CoreError::Invalid(format!("{labels} labels for {rows} embeddings")));
        }
        match self.embeddings.iter().all(|value| value.is_finite()) {
            true => Ok(()),
            false => Err(CoreError::Invalid("an embedding is not finite".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    #[test]
    fn a_line_by_hand() {
        // Classes along a half circle: 0 0 1 1 0.
        let angle = |degrees: f64| [degrees.to_radians().cos(), degrees.to_radians().sin()];
        let rows = [0.0, 10.0, 25.0, 60.0, 70.0].map(angle);
        let embeddings = Array2::from(rows.to_vec());
        let gallery = Gallery { embeddings: embeddings.view(), labels: &[0, 0, 1, 1, 0] };
        let mut found = Vec::new();
        neighbours(gallery, Queries::Gallery, 2, |_, nearest| found.push(nearest.to_vec())).unwrap();
        assert_eq!(found, [[1, 2], [0, 2], [1, 0], [4, 2], [3, 2]]);
        let measured = retrieval(gallery, Queries::Gallery, &[1, 2, 4]).unwrap();
        assert_eq!(measured.recall, [0.4, 0.6, 1.0]);
        // Of the zeros R = 2, of the ones R = 1: 1/2, 1/2, 0, 0, 0.
        assert!((measured.r_precision - 0.2).abs() < 1e-12 && (measured.map_at_r - 0.2).abs() < 1e-12);
        assert_eq!(knn_classes(gallery, Queries::Gallery, 3).unwrap(), [1, 1, 0, 0, 1]);
        // One vote each: the nearest decides.
        assert_eq!(knn_classes(gallery, Queries::Gallery, 2).unwrap(), [0, 0, 0, 0, 1]);
    }

    #[test]
    fn a_query_is_left_out_by_its_index_and_not_by_its_place() {
        // The twin of another class is as near as the query itself.
        let embeddings = array![[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.6, 0.8]];
        let gallery = Gallery { embeddings: embeddings.view(), labels: &[0, 1, 0, 1] };
        let mut found = Vec::new();
        neighbours(gallery, Queries::Gallery, 1, |_, nearest| found.push(nearest[0])).unwrap();
        assert_eq!(found, [1, 0, 3, 2]);
    }

    #[test]
    fn queries_without_a_class_in_the_gallery_miss_and_are_no_part_of_map() {
        let embeddings = array![[1.0, 0.0], [0.0, 1.0]];
        let gallery = Gallery { embeddings: embeddings.view(), labels: &[0, 1] };
        let queries = Gallery { embeddings: embeddings.view(), labels: &[0, 7] };
        let measured = retrieval(gallery, Queries::Others(queries), &[1]).unwrap();
        assert_eq!(measured, Retrieval { recall: vec![0.5], map_at_r: 1.0, r_precision: 1.0 });
        assert_eq!(recall_by_rank(gallery, queries, &[1, 2, 3]).unwrap(), [0.5; 3]);
        assert!(retrieval(gallery, Queries::Others(Gallery { labels: &[0], ..queries }), &[1]).is_err());
        let broken = array![[f64::NAN, 0.0], [0.0, 1.0]];
        assert!(retrieval(Gallery { embeddings: broken.view(), ..gallery }, Queries::Gallery, &[1]).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        /// More samples than a block: every neighbour against a full sort.
        #[test]
        fn blocks_find_what_a_sort_of_everything_finds(seed in 0_u64..20, k in 1_usize..9) {
            let mut state = seed.wrapping_mul(2_654_435_769).wrapping_add(1);
            let mut draw = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Few values, so that there are ties.
                f64::from((state >> 60) as u8) - 7.0
            };
            let embeddings = Array2::from_shape_simple_fn((BLOCK + 9, 2), &mut draw);
            let labels = vec![0; BLOCK + 9];
            let gallery = Gallery { embeddings: embeddings.view(), labels: &labels };
            let mut asked = 0;
            neighbours(gallery, Queries::Gallery, k, |query, nearest| {
                let mut all: Vec<usize> = (0..labels.len()).filter(|sample| *sample != query).collect();
                let product = |sample: usize| embeddings.row(query).dot(&embeddings.row(sample));
                all.sort_by(|a, b| product(*b).total_cmp(&product(*a)).then(a.cmp(b)));
                assert_eq!(nearest, &all[..k]);
                assert_eq!(query, asked);
                asked += 1;
            }).unwrap();
            prop_assert_eq!(asked, labels.len());
        }
    }
}
