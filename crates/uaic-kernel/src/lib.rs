//! Arithmetic on slices: everything that a training step spends its time in.
//!
//! Each kernel is compiled for several instruction sets (plain, AVX2, AVX-512; NEON on ARM) and
//! picks the processor's own at run time, so a binary for any x86-64 is as fast as one built for
//! this machine. All of them give the same bits: every sum runs in an order that the data decide
//! and not the width of a register, and products are fused with their sum everywhere.
//!
//! ```
//! use uaic_kernel::{Kernels, sum_of_squares};
//!
//! assert!(["scalar", "avx2", "avx512", "neon"].contains(&Kernels::detect().name()));
//! let values: Vec<f32> = (0..1000).map(|i| i as f32 / 1000.0).collect();
//! assert!((sum_of_squares(&values) - 332.8).abs() < 0.1);
//! ```
//!
//! # Loops, not closures
//! Code is compiled for an instruction set only where it is inlined into a function that is. What a
//! kernel calls is, being `#[inline(always)]`; but a closure that is given to the standard library
//! (`for_each`, `map`, `fold`, `array::from_fn`) first becomes part of *its* function there, which
//! is compiled for any processor. If that function has grown too large to be inlined in turn, every
//! register goes through memory and every fused multiply-add is a call: right, and fifty times as
//! slow. So kernels are loops, and a test of this module refuses closures in them. A `for` over an
//! iterator is one (`next` is given no code of ours). `cargo bench --bench kernels -- --check` holds
//! every kernel against scalar code in the same run, for what no rule foresees.
//!
//! Beside the kernels stand [`linear_algebra`] and [`statistics`] in plain f64, and the [seed tree](rng): what
//! studies and evaluations have in common.

// Only what is inlined into a kernel is compiled for its instruction set.
#![allow(clippy::inline_always)]

mod activation;
mod attention;
mod batch_norm;
mod cell;
mod cross_entropy;
mod drop;
mod factors;
mod gelu;
mod head;
mod layer_norm;
pub mod linear_algebra;
mod mixture;
mod optimize;
mod panel;
mod peak;
mod pool;
mod product;
pub mod rng;
mod self_attention;
mod squash;
pub mod statistics;
#[cfg(test)]
mod tests;

pub use activation::{exp, sigmoid, tanh};
pub use attention::Attended;
pub use batch_norm::{BatchStatistics, Normalized};
pub use cell::{CellBack, CellForward};
pub use cross_entropy::Targets;
pub use drop::Mask;
pub use layer_norm::{LayerNorm, LayerNormBack};
pub use mixture::{KERNELS, MixtureAxis, NO_KERNEL};
pub use optimize::{AdamStep, sum_of_squares};
pub use panel::{PANEL, Row, transpose, transpose_panel};
pub use product::{Start, Target};
pub use self_attention::{Asking, AttentionScratch, SelfAttention, SelfAttentionBack};

use std::sync::OnceLock;

use pulp::Arch;

/// Units of a block.
pub const LANES: usize = 16;

/// One value for each unit of a block.
pub type Lanes = [f32; LANES];

/// The variable that names the instruction set to be used instead of the best one.
pub const VARIABLE: &str = "UAIC_KERNELS";

/// Instruction sets that there are kernels for.
const NAMES: [&str; 4] = ["scalar", "avx2", "avx512", "neon"];

/// [`VARIABLE`] names what cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KernelsError {
    /// There are no such kernels.
    #[error(
        "{VARIABLE}={name}: there are kernels for {}; `unset {VARIABLE}` leaves the choice to the processor",
        NAMES.join(", ")
    )]
    Unknown {
        /// As it was written.
        name: String,
    },
    /// This processor cannot run them.
    #[error(
        "{VARIABLE}={name}: this processor cannot run these kernels, only {}; `unset {VARIABLE}` leaves the \
         choice to it",
        names().join(", ")
    )]
    Absent {
        /// As it was written.
        name: String,
    },
}

/// The kernels for one instruction set.
#[derive(Clone, Copy, Debug)]
pub struct Kernels {
    arch: Arch,
}

impl Kernels {
    /// Those that [`VARIABLE`] names, read once per process; else, and where it names what cannot be
    /// used (see [`Kernels::chosen`]), those for the best instruction set of this processor.
    pub fn detect() -> Self {
        static CHOSEN: OnceLock<Kernels> = OnceLock::new();
        *CHOSEN.get_or_init(|| Self::chosen().unwrap_or(Self { arch: Arch::new() }))
    }

    /// Those that [`VARIABLE`] names, or the best where it is empty or not there.
    ///
    /// # Errors
    /// There are no kernels of that name, or this processor cannot run them.
    pub fn chosen() -> Result<Self, KernelsError> {
        Self::named(&std::env::var_os(VARIABLE).unwrap_or_default().to_string_lossy())
    }

    /// Those of a name, or the best where it is empty.
    ///
    /// # Errors
    /// As [`Kernels::chosen`].
    pub fn named(name: &str) -> Result<Self, KernelsError> {
        if name.is_empty() {
            return Ok(Self { arch: Arch::new() });
        }
        let plain = name.to_lowercase();
        match Self::all().into_iter().find(|kernels| kernels.name() == plain) {
            Some(kernels) => Ok(kernels),
            None if NAMES.contains(&plain.as_str()) => Err(KernelsError::Absent { name: name.to_owned() }),
            None => Err(KernelsError::Unknown { name: name.to_owned() }),
        }
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

/// The instruction sets of this processor.
fn names() -> Vec<&'static str> {
    Kernels::all().into_iter().map(Kernels::name).collect()
}

/// Defines a method of [`Kernels`] whose body is compiled once for each instruction set.
///
/// What it calls must be `#[inline(always)]` and contain no closure. With `simd;` before the
/// arguments the body can use the instructions themselves, of the type `S`.
macro_rules! kernel {
    ($(#[$meta:meta])* fn $name:ident<$life:lifetime>($($argument:ident: $type:ty),* $(,)?)
        $(-> $output:ty)? $body:block) => {
        kernel! { $(#[$meta])* fn $name<$life>(_simd; $($argument: $type),*) $(-> $output)? $body }
    };
    ($(#[$meta:meta])* fn $name:ident<$life:lifetime>($simd:ident; $($argument:ident: $type:ty),* $(,)?)
        $(-> $output:ty)? $body:block) => {
        impl $crate::Kernels {
            $(#[$meta])*
            pub fn $name<$life>(self, $($argument: $type),*) $(-> $output)? {
                struct Kernel<$life> { $($argument: $type),* }
                impl<$life> pulp::WithSimd for Kernel<$life> {
                    type Output = kernel!(@output $($output)?);
                    #[inline(always)]
                    fn with_simd<S: pulp::Simd>(self, $simd: S) -> Self::Output {
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
