//! Arithmetic on slices: everything that a training step spends its time in.
//!
//! Each kernel is compiled for several instruction sets (plain, AVX2, AVX-512; NEON on ARM) and
//! picks the processor's own at run time, so a binary for any x86-64 is as fast as one built for
//! this machine. All of them give the same bits: every sum runs in an order that the data decide
//! and not the width of a register, and products are fused with their sum everywhere.

// Only what is inlined into a kernel is compiled for its instruction set.
#![allow(clippy::inline_always)]

mod activation;
mod attention;
mod batch_norm;
mod cell;
mod cross_entropy;
mod drop;
mod gelu;
mod layer_norm;
mod mixture;
mod optimize;
mod pool;
mod product;
mod self_attention;
mod squash;
#[cfg(test)]
mod tests;

pub use activation::{exp, sigmoid, tanh};
pub use attention::Attended;
pub use batch_norm::{BatchStatistics, Normalized};
pub use cell::{CellBack, CellForward, LANES, Lanes};
pub use cross_entropy::Targets;
pub use drop::Mask;
pub use layer_norm::{LayerNorm, LayerNormBack};
pub use mixture::{KERNELS, MixtureAxis, NO_KERNEL};
pub use optimize::{AdamStep, sum_of_squares};
pub use product::{PANEL, Row, Start, Target, transpose, transpose_panel};
pub use self_attention::{Asking, AttentionScratch, SelfAttention, SelfAttentionBack};

use pulp::Arch;

/// The kernels for one instruction set.
#[derive(Clone, Copy, Debug)]
pub struct Kernels {
    arch: Arch,
}

impl Kernels {
    /// Those for the best instruction set of this processor.
    pub fn detect() -> Self {
        Self { arch: Arch::new() }
    }

    /// Those for every instruction set that this processor has, the plainest first.
    pub fn all() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut all = vec![Self { arch: Arch::Scalar }];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(pulp::x86::V3::try_new().map(|simd| Self { arch: Arch::V3(simd) }));
            all.extend(pulp::x86::V4::try_new().map(|simd| Self { arch: Arch::V4(simd) }));
        }
        #[cfg(target_arch = "aarch64")]
        all.push(Self::detect());
        all
    }

    /// The name of the instruction set.
    pub fn name(self) -> &'static str {
        #[allow(unreachable_patterns)]
        match self.arch {
            Arch::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Arch::V3(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Arch::V4(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Arch::Neon(_) => "neon",
            _ => "other",
        }
    }
}

/// Defines a method of [`Kernels`] whose body is compiled once for each instruction set.
///
/// What it calls must be `#[inline(always)]`.
macro_rules! kernel {
    ($(#[$meta:meta])* fn $name:ident<$life:lifetime>($($argument:ident: $type:ty),* $(,)?)
        $(-> $output:ty)? $body:block) => {
        impl $crate::kernel::Kernels {
            $(#[$meta])*
            pub fn $name<$life>(self, $($argument: $type),*) $(-> $output)? {
                struct Kernel<$life> { $($argument: $type),* }
                impl<$life> pulp::WithSimd for Kernel<$life> {
                    type Output = kernel!(@output $($output)?);
                    #[inline(always)]
                    fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
                        let Self { $($argument),* } = self;
                        $body
                    }
                }
                self.arch.dispatch(Kernel { $($argument),* })
            }
        }
    };
    (@output $output:ty) => { $output };
    (@output) => { () };
}
pub(crate) use kernel;
