//! What the registers of an instruction set can do at most, to measure kernels by.

use pulp::{Simd, WithSimd};

use super::Kernels;

/// Sums that run beside each other: more than a processor's latency times its units, fewer than
/// the registers of AVX2.
const CHAINS: usize = 12;

impl Kernels {
    /// `rounds` times twelve fused multiply-adds of whole registers that wait for none of the
    /// others, and how many values that makes.
    pub fn fused_multiply_adds(self, rounds: usize, factor: f32) -> usize {
        self.arch.dispatch(Chains { rounds, factor })
    }
}

struct Chains {
    rounds: usize,
    factor: f32,
}

impl WithSimd for Chains {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let factor = simd.splat_f32s(self.factor);
        let mut sums = [simd.splat_f32s(1.0); CHAINS];
        let mut round = 0;
        while round < self.rounds {
            let mut chain = 0;
            while chain < CHAINS {
                sums[chain] = simd.mul_add_f32s(sums[chain], factor, factor);
                chain += 1;
            }
            round += 1;
        }
        std::hint::black_box(&sums);
        self.rounds * CHAINS * S::F32_LANES
    }
}
