//! The record of everything that was run: the trait, its implementations, and where one is.

mod address;
mod announcement;

pub use address::StoreAddress;
pub use announcement::{Announcement, announced};
pub use uaic_store::{
    Ailment, BackedUp, Care, Checkup, Depth, SqliteStore, back_up, back_up_database, check,
};
pub use uaic_study::store::*;
