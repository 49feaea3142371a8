//! Distributions, ranks and quantiles.

pub mod beta;
pub mod normal;
pub mod quantile;
pub mod ranks;
pub mod student;
