//! Who may do what: users, tokens, and the one gate in front of every route.
//!
//! Users have a role, [`Role`]; their tokens may less, never more, and may be for some experiments only. Both
//! are in a file beside the store's, a [`Directory`], which the verbs of the command line change and a running
//! server sees.
//!
//! Every route says what it needs, a [`Declared`]. The gate stands between the router and its routes, so that
//! it knows which one was found: one that says nothing is refused, and what no route was found for is answered
//! to those who are known alone. On this machine alone a server without users is open; for other machines it
//! does not start without any.

mod audit;
mod caller;
mod credential;
mod directory;
mod error;
mod gate;
mod limiter;
mod login;
mod origin;
mod password;
mod refusal;
mod role;
mod scope;
mod secret;
mod settings;
mod table;
mod weakness;

pub use audit::{FILE as AUDIT_FILE, Subject};
pub use caller::Caller;
pub use directory::{Directory, FILE as ACCESS_FILE, NewToken, TokenRecord, UserRecord};
pub use error::AccessError;
pub(crate) use gate::{Gate, under};
pub use limiter::Rate;
pub use password::check as check_password;
pub use role::{Need, Role, UnknownRole};
pub use scope::Scope;
pub use settings::Settings;
pub use table::{ANY, Declared};
pub use weakness::{SHORTEST as SHORTEST_PASSWORD, Weakness};

#[cfg(test)]
mod tests;
