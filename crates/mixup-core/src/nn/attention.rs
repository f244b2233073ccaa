//! What a transformer looks at.

use burn::tensor::Tensor;

use super::staged::HiddenState;
use crate::{
    CoreError,
    mix::{Mixture, Ratio},
};

/// Attention of a transformer's last block. It has no gradient.
#[derive(Debug, Clone)]
pub struct Attention {
    /// `[batch, heads, queries, keys]`, sums to 1 over the keys. The class token, where there is one, is
    /// the first query and the first key; patches follow row by row.
    pub weights: Tensor<4>,
    /// Whether there is a class token.
    pub class_token: bool,
}

/// What one pass of a transformer gives.
#[derive(Debug, Clone)]
pub struct Attended {
    /// What a head takes, `[batch, features]`.
    pub features: Tensor<2>,
    /// Patches behind the last normalisation, row by row, `[batch, patches, features]`.
    pub patches: Tensor<3>,
    /// Of the last block.
    pub attention: Attention,
}

impl Attention {
    /// How much the class token looks at each patch, mean over the heads (TransMix, Chen et al. 2022).
    /// What it looks at itself is left out, so a row sums to less than 1.
    ///
    /// # Shapes
    /// - returns `[batch, patches]`
    ///
    /// # Errors
    /// A transformer without a class token.
    pub fn of_class_token(&self) -> Result<Tensor<2>, CoreError> {
        if !self.class_token {
            return Err(CoreError::Invalid(
                "this transformer has no class token; give it one by `pool: class-token`".into(),
            ));
        }
        let [batch, _, _, keys] = self.weights.dims();
        let row = self.weights.clone().slice_dim(2, 0..1).slice_dim(3, 1..keys);
        Ok(row.mean_dim(1).reshape([batch, keys - 1]))
    }

    /// How much each patch is looked at by the patches, mean over heads and queries (SMMix, Chen et al.
    /// 2023). A class token counts on neither side.
    ///
    /// # Shapes
    /// - returns `[batch, patches]`
    pub fn received(&self) -> Tensor<2> {
        let [batch, _, queries, keys] = self.weights.dims();
        let first = usize::from(self.class_token);
        let among_patches = self.weights.clone().slice_dim(2, first..queries).slice_dim(3, first..keys);
        among_patches.mean_dims(&[1, 2]).reshape([batch, keys - first])
    }
}

/// Tokens between two blocks.
#[derive(Debug, Clone)]
pub(super) struct Tokens {
    /// `[batch, tokens, dim]`; the class token, where there is one, comes first.
    pub values: Tensor<3>,
    pub class_token: bool,
    /// Rows and columns of patches.
    pub grid: [usize; 2],
}

impl Tokens {
    pub fn with(self, values: Tensor<3>) -> Self {
        Self { values, ..self }
    }

    /// `[batch, patches, dim]`
    pub fn patches(&self) -> Tensor<3> {
        let tokens = self.values.dims()[1];
        if self.class_token { self.values.clone().slice_dim(1, 1..tokens) } else { self.values.clone() }
    }

    /// Patches in their places, `[batch, dim, rows, columns]`.
    fn patch_maps(&self) -> Tensor<4> {
        let [batch, _, dim] = self.values.dims();
        self.patches().swap_dims(1, 2).reshape([batch, dim, self.grid[0], self.grid[1]])
    }
}

impl HiddenState for Tokens {
    /// A mask mixes patches by its part over each, and class tokens by its area.
    fn mixed(self, mixture: &Mixture) -> Result<Self, CoreError> {
        let Ratio::Mask(_) = mixture.ratio else {
            let values = mixture.hidden(self.values.clone())?;
            return Ok(self.with(values));
        };
        let patches = mixture.hidden(self.patch_maps())?.flatten::<3>(2, 3).swap_dims(1, 2);
        if !self.class_token {
            return Ok(self.with(patches));
        }
        let by_area = mixture.with_ratio(Ratio::Sample(mixture.shares()?))?;
        let class_token = by_area.hidden(self.values.clone().slice_dim(1, 0..1))?;
        Ok(self.with(Tensor::cat(vec![class_token, patches], 1)))
    }

    fn maps(self) -> Option<Tensor<4>> {
        Some(self.patch_maps())
    }
}
