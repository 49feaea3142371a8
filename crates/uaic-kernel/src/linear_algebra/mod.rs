//! Products, factors and eigenvectors of small dense matrices in f64.
//!
//! Every sum has a fixed order, so the same numbers give the same bits everywhere. Where two callers have
//! always summed in different orders there are two functions, because recorded studies and packages hold
//! their bits.

pub mod cholesky;
pub mod dot;
pub mod jacobi;
pub mod square_cholesky;
