//! What every store decides alike: which names it takes, who counts as alive, and how it refuses.

pub use super::artifact_name::check_name;
pub use super::liveness::{is_alive, not_held, now_ms};
pub use super::registry::{alias_detail, check_alias, check_model_name, no_alias, no_model, no_version};
