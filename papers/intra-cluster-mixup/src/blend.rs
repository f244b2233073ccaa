//! Mixtures of a batch with rows of itself, as the paper has them and as the authors' code does.

use burn::tensor::{Tensor, TensorData};
use mixup_core::{
    CoreError,
    tensor::{select_rows, to_host},
};

/// Each row is a sum of itself and its mates, with weights of their own for images and for labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Blend {
    /// Rows that are mixed in, one list for each mate.
    pub mates: Vec<Vec<usize>>,
    /// Weights of the images: of the own one first, then of each mate; one for each row.
    pub images: Vec<Vec<f64>>,
    /// Weights of the labels, as those of the images.
    pub labels: Vec<Vec<f64>>,
}

impl Blend {
    /// `lambda` of the own row and `1 - lambda` of its partner, images and labels alike: the paper.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use intra_cluster_mixup::Blend;
    /// use mixup_core::tensor::to_host;
    ///
    /// let blend = Blend::paper(vec![1, 0], 0.75);
    /// let x = Tensor::<2>::from_data([[0.0], [4.0]], &Device::flex());
    /// let labels = Tensor::<2>::from_data([[1.0, 0.0], [0.0, 1.0]], &Device::flex());
    /// assert_eq!(to_host(blend.mix_images(x)?)?, [1.0, 3.0]);
    /// assert_eq!(to_host(blend.mix_labels(labels)?)?, [0.75, 0.25, 0.25, 0.75]);
    /// # Ok::<(), mixup_core::CoreError>(())
    /// ```
    pub fn paper(partners: Vec<usize>, lambda: f64) -> Self {
        let weights = vec![vec![lambda; partners.len()], vec![1.0 - lambda; partners.len()]];
        Self { mates: vec![partners], images: weights.clone(), labels: weights }
    }

    /// The authors' code: the weights of the labels are those of the images in reverse, unless the two images
    /// are the same; then both are `1 - lambda`. A row alone in its cluster becomes 0, image and label.
    ///
    /// - `clusters`: one per row
    /// - `same`: for each row whether its partner's image is its own
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use intra_cluster_mixup::Blend;
    /// use mixup_core::tensor::to_host;
    ///
    /// // Row 2 is alone in its cluster and becomes 0; labels have the weights of the images in reverse.
    /// let blend = Blend::official(vec![1, 0, 2], &[7, 7, 8], &[false, false, true], 0.75);
    /// let x = Tensor::<2>::from_data([[0.0], [4.0], [8.0]], &Device::flex());
    /// let labels = Tensor::<2>::from_data([[1.0], [0.0], [1.0]], &Device::flex());
    /// assert_eq!(to_host(blend.mix_images(x)?)?, [1.0, 3.0, 0.0]);
    /// assert_eq!(to_host(blend.mix_labels(labels)?)?, [0.25, 0.75, 0.0]);
    /// # Ok::<(), mixup_core::CoreError>(())
    /// ```
    pub fn official(partners: Vec<usize>, clusters: &[usize], same: &[bool], lambda: f64) -> Self {
        let here = |weight: f64| present(clusters).map(move |here| weight * here).collect::<Vec<_>>();
        let reverse = |same: &bool| if *same { 1.0 - lambda } else { lambda };
        let of_partner = present(clusters).zip(same).map(|(here, same)| here * reverse(same)).collect();
        Self {
            mates: vec![partners],
            images: vec![here(lambda), here(1.0 - lambda)],
            labels: vec![here(1.0 - lambda), of_partner],
        }
    }

    /// [`Self::official`] of the newest commit, which leaves images as they are, unless a row is alone, and mixes
    /// labels only.
    #[must_use]
    pub fn labels_only(self) -> Self {
        let rows = self.mates[0].len();
        // Both weights are 0 where a row is alone.
        let here = |row: usize| f64::from(u8::from(self.images.iter().any(|weights| weights[row] > 0.0)));
        Self { images: vec![(0..rows).map(here).collect(), vec![0.0; rows]], ..self }
    }

    /// MICM of the authors' code, three images: weights `shares` of the images; of the labels 1 where an image is
    /// the own one, else its distance's share in the distances. A row alone in its cluster becomes 0.
    ///
    /// - `distances`: for each mate its distance from the own image, one for each row
    ///
    /// # Errors
    /// As many shares as images and distances as mates are needed.
    pub fn three(
        mates: Vec<Vec<usize>>,
        clusters: &[usize],
        distances: &[Vec<f64>],
        shares: [f64; 3],
    ) -> Result<Self, CoreError> {
        let [first, second] = distances else {
            return Err(CoreError::Invalid(format!("MICM mixes two mates in, not {}", distances.len())));
        };
        let here: Vec<f64> = present(clusters).collect();
        let weights = |own: &[f64]| {
            let share = |row: usize| match own[row] {
                0.0 => 1.0,
                distance => distance / (first[row] + second[row]),
            };
            (0..here.len()).map(|row| here[row] * share(row)).collect::<Vec<_>>()
        };
        Ok(Self {
            mates,
            images: shares.map(|share| here.iter().map(|here| here * share).collect::<Vec<f64>>()).into(),
            labels: vec![here.clone(), weights(first), weights(second)],
        })
    }

    /// Mixed images, or hidden states.
    ///
    /// # Shapes
    /// - `x`, result: `[rows, ...]`
    ///
    /// # Errors
    /// A mate that is no row, or weights of another number of rows.
    pub fn mix_images<const D: usize>(&self, x: Tensor<D>) -> Result<Tensor<D>, CoreError> {
        self.sum(x, &self.images)
    }

    /// Mixed labels; their rows need not sum to 1 in the authors' forms.
    ///
    /// # Shapes
    /// - `targets`, result: `[rows, classes]`
    ///
    /// # Errors
    /// As [`Self::mix_images`].
    pub fn mix_labels(&self, targets: Tensor<2>) -> Result<Tensor<2>, CoreError> {
        self.sum(targets, &self.labels)
    }

    fn sum<const D: usize>(&self, x: Tensor<D>, weights: &[Vec<f64>]) -> Result<Tensor<D>, CoreError> {
        let rows = x.dims()[0];
        if weights.len() != self.mates.len() + 1 || weights.iter().any(|weights| weights.len() != rows) {
            return Err(CoreError::Invalid(format!("a blend of other sizes than {rows} rows")));
        }
        let mut shape = [1; D];
        shape[0] = rows;
        let options = (x.device(), x.dtype());
        let column = |weights: &Vec<f64>| {
            Tensor::<D>::from_data(TensorData::new(weights.clone(), shape), (&options.0, options.1))
        };
        let mut sum = x.clone() * column(&weights[0]);
        for (mates, weights) in self.mates.iter().zip(&weights[1..]) {
            sum = sum + select_rows(x.clone(), mates)? * column(weights);
        }
        Ok(sum)
    }
}

/// 1 for a row that shares its cluster with another, 0 for one that is alone.
fn present(clusters: &[usize]) -> impl Iterator<Item = f64> {
    clusters
        .iter()
        .map(|own| f64::from(u8::from(clusters.iter().filter(|cluster| *cluster == own).nth(1).is_some())))
}

/// Distances of images from their mates', one list for each mate.
///
/// # Shapes
/// - `x`: `[rows, ...]`
///
/// # Errors
/// A mate that is no row, or a device that failed to answer.
pub(crate) fn distances<const D: usize>(
    x: &Tensor<D>,
    mates: &[Vec<usize>],
) -> Result<Vec<Vec<f64>>, CoreError> {
    let flat = x.clone().flatten::<2>(1, D - 1);
    let from = |mates: &Vec<usize>| {
        let difference = select_rows(flat.clone(), mates)? - flat.clone();
        to_host(difference.square().sum_dim(1).sqrt())
    };
    mates.iter().map(from).collect()
}
