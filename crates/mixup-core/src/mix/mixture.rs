//! A batch mixed with rows of itself.

use burn::tensor::{Tensor, TensorData};
use rand::Rng;

use super::{Mask, Partner, Ratio, mix};
use crate::clock::{Phase, timed};
use crate::{CoreError, tensor::select_rows};

/// Who is mixed with whom, and how strongly. Result `i` of `partners.len()` mixes row `i` of a batch with
/// row `partners[i]` of the same batch.
///
/// The batch may have more rows than there are results: where partners come from the whole training set,
/// they join the batch behind its own rows, and row `n + i` is the partner of row `i`
/// ([`Mixture::joined`]).
///
/// A mixture is a value. Whoever holds the draws of another implementation writes it down as it is.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::mix::{Mixture, Ratio};
/// use mixup_core::tensor::to_host;
///
/// // Two images of one pixel, of classes 0 and 1, each mixed with the other.
/// let mixture = Mixture::new(vec![1, 0], Ratio::Batch(0.75))?;
/// let x = Tensor::<2>::from_data([[0.0], [4.0]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[1.0, 0.0], [0.0, 1.0]], &Device::flex());
/// assert_eq!(to_host(mixture.inputs(x)?)?, [1.0, 3.0]);
/// assert_eq!(to_host(mixture.targets(targets)?)?, [0.75, 0.25, 0.25, 0.75]);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    /// For every result the row that the own row is mixed with.
    pub partners: Vec<usize>,
    /// Share of the own row.
    pub ratio: Ratio,
}

impl Mixture {
    /// A mixture of checked sizes.
    ///
    /// # Errors
    /// No partners, or ratios for another number of samples.
    pub fn new(partners: Vec<usize>, ratio: Ratio) -> Result<Self, CoreError> {
        if partners.is_empty() {
            return Err(CoreError::Invalid("a mixture of no rows".into()));
        }
        ratio.shares(partners.len())?;
        Ok(Self { partners, ratio })
    }

    /// Each of `rows` rows with the one that joined the batch for it: row `i` with row `rows + i`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn joined(rows: usize, ratio: Ratio) -> Result<Self, CoreError> {
        Self::new((rows..2 * rows).collect(), ratio)
    }

    /// Each of `rows` rows with another of them, by a random permutation. Fixed points occur.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn permuted(rows: usize, ratio: Ratio, rng: &mut impl Rng) -> Result<Self, CoreError> {
        let rows: Vec<usize> = (0..rows).collect();
        Self::new(Partner::Permutation.draw(&rows, rng), ratio)
    }

    /// Each of `rows` rows with another one: a random permutation, drawn anew up to nine times while a row would be
    /// its own partner, then taken as it is (OpenMixup).
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_others(rows: usize, ratio: Ratio, rng: &mut impl Rng) -> Result<Self, CoreError> {
        let own: Vec<usize> = (0..rows).collect();
        let mut partners = Partner::Permutation.draw(&own, rng);
        for _ in 0..9 {
            if partners.iter().zip(&own).all(|(partner, row)| partner != row) {
                break;
            }
            partners = Partner::Permutation.draw(&own, rng);
        }
        Self::new(partners, ratio)
    }

    /// The same partners with another ratio: for labels that are not mixed by the inputs' lambda or by
    /// the area of their mask.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_ratio(&self, ratio: Ratio) -> Result<Self, CoreError> {
        Self::new(self.partners.clone(), ratio)
    }

    /// Share of the own label in each result: lambda, or the area of a mask.
    ///
    /// # Errors
    /// Ratios for another number of samples, or one that is not finite.
    pub fn shares(&self) -> Result<Vec<f64>, CoreError> {
        self.ratio.shares(self.partners.len())
    }

    /// Mixed inputs. Gradients flow into both rows; nothing is detached.
    ///
    /// # Shapes
    /// - `x`: `[rows, ...]`; with a mask images, `[rows, channels, height, width]` of the mask's size
    /// - returns `[results, ...]`
    ///
    /// # Errors
    /// Sizes that do not agree, a partner that is no row, or a mask for what is no image.
    pub fn inputs<const D: usize>(&self, x: Tensor<D>) -> Result<Tensor<D>, CoreError> {
        if let (Ratio::Mask(mask), Some(size)) = (&self.ratio, image_size(&x))
            && mask.size() != size
        {
            return Err(CoreError::Invalid(format!(
                "a mask of {:?} pixels for images of {size:?}",
                mask.size()
            )));
        }
        self.hidden(x)
    }

    /// Mixed hidden states: as [`Self::inputs`], and a mask is resized by area to their resolution.
    ///
    /// # Shapes
    /// - `x`: `[rows, ...]`; with a mask `[rows, channels, height, width]`
    /// - returns `[results, ...]`
    ///
    /// # Errors
    /// As [`Self::inputs`], and a pasted image at another resolution than its own.
    pub fn hidden<const D: usize>(&self, x: Tensor<D>) -> Result<Tensor<D>, CoreError> {
        timed(Phase::Mixing, || self.mixed(x))
    }

    fn mixed<const D: usize>(&self, x: Tensor<D>) -> Result<Tensor<D>, CoreError> {
        match &self.ratio {
            Ratio::Batch(lambda) => {
                self.shares()?;
                let (own, partners) = self.pairs(x)?;
                Ok(mix(own, partners, *lambda))
            }
            Ratio::Sample(_) => self.by_shares(x),
            Ratio::Mask(mask) => self.by_mask(x, mask),
            Ratio::Paste(paste) if image_size(&x) == Some(paste.size()) => {
                let (own, partners) = self.pairs(x)?;
                Ok(paste.pasted(own, partners, &paste.window().mask(paste.size())?))
            }
            Ratio::Paste(paste) => Err(CoreError::Invalid(format!(
                "images of {:?} pixels are pasted, not a tensor of shape {:?}",
                paste.size(),
                x.dims()
            ))),
        }
    }

    /// Mixed targets: labels are mixed by [`Self::shares`].
    ///
    /// # Shapes
    /// - `targets`: `[rows, classes]`
    /// - returns `[results, classes]`
    ///
    /// # Errors
    /// Sizes that do not agree, or a partner that is no row.
    pub fn targets(&self, targets: Tensor<2>) -> Result<Tensor<2>, CoreError> {
        timed(Phase::Mixing, || match self.ratio {
            Ratio::Batch(_) => self.hidden(targets),
            Ratio::Sample(_) | Ratio::Mask(_) | Ratio::Paste(_) => self.by_shares(targets),
        })
    }

    fn by_shares<const D: usize>(&self, x: Tensor<D>) -> Result<Tensor<D>, CoreError> {
        let shares = self.shares()?;
        let mut shape = [1; D];
        shape[0] = shares.len();
        self.weighted(x, shares, shape)
    }

    fn by_mask<const D: usize>(&self, x: Tensor<D>, mask: &Mask) -> Result<Tensor<D>, CoreError> {
        self.shares()?;
        let Some(size) = image_size(&x) else {
            return Err(CoreError::Invalid(format!(
                "a mask mixes images and their feature maps, not a tensor of shape {:?}",
                x.dims()
            )));
        };
        let resized;
        let mask = if mask.size() == size {
            mask
        } else {
            resized = mask.resized(size)?;
            &resized
        };
        let mut shape = [1; D];
        (shape[0], shape[D - 2], shape[D - 1]) = (mask.values().shape()[0], size[0], size[1]);
        self.weighted(x, mask.values().iter().copied().collect(), shape)
    }

    /// `own weights + partners (1 - weights)`. Both weights are rounded to the tensor's precision from f64,
    /// as a lambda of the whole batch is, so that equal lambdas give equal bits.
    fn weighted<const D: usize>(
        &self,
        x: Tensor<D>,
        weights: Vec<f64>,
        shape: [usize; D],
    ) -> Result<Tensor<D>, CoreError> {
        let options = (x.device(), x.dtype());
        let tensor = |values: Vec<f64>| {
            Tensor::<D>::from_data(TensorData::new(values, shape), (&options.0, options.1))
        };
        let others = weights.iter().map(|weight| 1.0 - weight).collect();
        let (own, partners) = self.pairs(x)?;
        Ok(own * tensor(weights) + partners * tensor(others))
    }

    /// Own rows and partners, `[results, ...]` each, for what does more with them than to mix them.
    ///
    /// # Errors
    /// More results than rows, or a partner that is no row.
    pub fn pairs<const D: usize>(&self, x: Tensor<D>) -> Result<(Tensor<D>, Tensor<D>), CoreError> {
        let (rows, results) = (x.dims()[0], self.partners.len());
        if results > rows || results == 0 {
            return Err(CoreError::Invalid(format!("{results} partners for a batch of {rows}")));
        }
        // A slice is a view; a gather copies, and its gradient scatters.
        let joined = rows >= 2 * results && self.partners.iter().copied().eq(results..2 * results);
        let partners = if joined {
            x.clone().slice_dim(0, results..2 * results)
        } else {
            select_rows(x.clone(), &self.partners)?
        };
        let own = if results == rows { x } else { x.slice_dim(0, 0..results) };
        Ok((own, partners))
    }
}

/// Height and width of images or feature maps, `[rows, channels, height, width]`.
fn image_size<const D: usize>(x: &Tensor<D>) -> Option<[usize; 2]> {
    (D == 4).then(|| [x.dims()[D - 2], x.dims()[D - 1]])
}

#[cfg(test)]
mod tests;
