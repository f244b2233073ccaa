//! The peer's ways of taking the same steps.

use serde::{Deserialize, Serialize};

use super::workload::Workload;
use crate::runs::host;

/// A way in which PyTorch can be told to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Variant {
    /// As it comes.
    Eager,
    /// Images and weights of convolutions with channels last.
    ChannelsLast,
    /// `torch.compile`.
    Compiled,
    /// Both.
    CompiledChannelsLast,
    /// Autocast to bfloat16, channels last: other numbers, and so no ratio.
    Bf16,
}

impl Variant {
    /// Every one.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Eager, Self::ChannelsLast, Self::Compiled, Self::CompiledChannelsLast, Self::Bf16].into_iter()
    }

    /// Those that make sense for a workload on this machine.
    pub fn of(workload: Workload) -> impl Iterator<Item = Self> {
        Self::all().filter(move |variant| match variant {
            Self::Eager | Self::Compiled => true,
            Self::ChannelsLast | Self::CompiledChannelsLast => workload.has_images(),
            Self::Bf16 => workload.has_images() && multiplies_bf16(),
        })
    }

    /// Its name, for the script and for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eager => "eager",
            Self::ChannelsLast => "channels-last",
            Self::Compiled => "compiled",
            Self::CompiledChannelsLast => "both",
            Self::Bf16 => "bf16",
        }
    }

    /// Whether its numbers are ours, up to rounding in f32.
    pub fn is_f32(self) -> bool {
        self != Self::Bf16
    }

    /// Whether its first step compiles.
    pub fn compiles(self) -> bool {
        matches!(self, Self::Compiled | Self::CompiledChannelsLast)
    }
}

/// Whether the processor multiplies bfloat16 itself. Elsewhere autocast is slower than f32.
fn multiplies_bf16() -> bool {
    ["avx512_bf16", "amx_bf16"].into_iter().any(host::has_flag)
}
