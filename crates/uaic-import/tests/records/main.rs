//! Records that the tools themselves wrote: those in `golden/`, and fresh ones where Python is at hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::float_cmp)]

mod collected;
mod databases;
mod golden;
mod growing;
mod mutated;
