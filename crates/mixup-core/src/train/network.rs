//! What training does with a network.

use burn::module::Module;
use burn::tensor::{Bytes, Tensor};

use crate::{
    CoreError,
    optim::{Clip, Optimizer, OptimizerConfig},
};

/// A network as training handles it.
///
/// Everything here is a few lines of burn for any [`Module`]. But burn's functions are generic: they would be
/// compiled for the whole network again in the crate of every paper that trains it, which was half of such a crate's build.
/// [`network!`](crate::network) compiles them once, in the crate that has the network.
pub trait Network: Module {
    /// The network as it is trained.
    fn into_training(self) -> Self;

    /// The network as it predicts. Running statistics are brought up to date on the way, in this network too.
    fn evaluation(&self) -> Self;

    /// A fresh optimiser for it.
    ///
    /// # Errors
    /// A group that names a parameter which the network does not have.
    fn optimizer(&self, config: &OptimizerConfig) -> Result<Optimizer, CoreError>;

    /// The network after one step of the optimiser, on a loss `[1]`.
    fn descended(self, loss: Tensor<1>, lr: f64, clip: Option<Clip>, optimizer: &mut Optimizer) -> Self;

    /// Its parameters and running statistics.
    ///
    /// # Errors
    /// burn's words for what cannot be written.
    fn to_bytes(&self) -> Result<Bytes, String>;

    /// The network with what [`to_bytes`](Self::to_bytes) gave.
    ///
    /// # Errors
    /// burn's words for bytes that are not of such a network.
    fn with_bytes(self, bytes: &[u8]) -> Result<Self, String>;
}

/// Makes modules [`Network`](crate::train::Network)s; in the crate that defines them.
#[macro_export]
macro_rules! network {
    ($($network:ty),+ $(,)?) => {$(
        impl $crate::train::Network for $network {
            fn into_training(self) -> Self {
                $crate::train::module::into_training(self)
            }

            fn evaluation(&self) -> Self {
                $crate::train::module::evaluation(self)
            }

            fn optimizer(
                &self,
                config: &$crate::optim::OptimizerConfig,
            ) -> Result<$crate::optim::Optimizer, $crate::CoreError> {
                config.init(self)
            }

            fn descended(
                self,
                loss: ::burn::tensor::Tensor<1>,
                lr: f64,
                clip: Option<$crate::optim::Clip>,
                optimizer: &mut $crate::optim::Optimizer,
            ) -> Self {
                $crate::train::module::descended(self, loss, lr, clip, optimizer)
            }

            fn to_bytes(&self) -> Result<::burn::tensor::Bytes, String> {
                $crate::train::module::to_bytes(self)
            }

            fn with_bytes(self, bytes: &[u8]) -> Result<Self, String> {
                $crate::train::module::with_bytes(self, bytes)
            }
        }
    )+};
}
