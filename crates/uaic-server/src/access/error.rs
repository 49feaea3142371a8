//! What is wrong with users and tokens.

use std::io;
use std::path::PathBuf;

use uaic_store::database::DatabaseError;
use uaic_wording::ErrorKind;

use super::role::{Role, UnknownRole};
use super::weakness::Weakness;

/// What is wrong with users and tokens.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The file cannot be opened.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The file cannot be read or written.
    #[error("who may do what cannot be looked up: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file cannot be made, or kept from others.
    #[error("{path} cannot be kept from others: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system gives no random bytes.
    #[error("there are no random bytes to be had: {0}")]
    Random(getrandom::Error),
    /// A password cannot be hashed.
    #[error("the password cannot be hashed: {0}")]
    Hash(argon2::Error),
    /// No such role.
    #[error(transparent)]
    NoRole(#[from] UnknownRole),
    /// No such user.
    #[error("there is no user `{name}`{}; `uaic server user ls` lists them", meant(nearest.as_deref()))]
    NoUser {
        /// What was written.
        name: String,
        /// What may be meant.
        nearest: Option<String>,
    },
    /// The name is taken.
    #[error(
        "there is a user `{name}` already; `uaic server user password {name}` gives another password, `uaic server user role {name} --role …` another role"
    )]
    UserExists {
        /// Whose.
        name: String,
    },
    /// A name that nobody can have.
    #[error(
        "`{name}` can be no name of {what}: it has 1 to {longest} letters, digits, `-`, `_`, `.` or `@`, and begins with a letter or a digit"
    )]
    BadName {
        /// What was written.
        name: String,
        /// Of what.
        what: &'static str,
        /// Letters at most.
        longest: usize,
    },
    /// A password that is guessed.
    #[error("the password is too weak: {0}")]
    Weak(Weakness),
    /// The last one who can make others.
    #[error("`{name}` is the only admin; `uaic server user role OTHER --role admin` makes another first")]
    LastAdmin {
        /// Who.
        name: String,
    },
    /// No such token.
    #[error("there is no token `{name}`{}; `uaic server token ls` lists them", meant(nearest.as_deref()))]
    NoToken {
        /// What was written.
        name: String,
        /// What may be meant.
        nearest: Option<String>,
    },
    /// Several users have a token of this name.
    #[error("{count} users have a token `{name}`; its id says which: `uaic server token ls` lists them")]
    SeveralTokens {
        /// What was written.
        name: String,
        /// How many.
        count: usize,
    },
    /// The name is taken.
    #[error(
        "`{user}` has a token `{name}` already; choose another name, or remove it: `uaic server token rm {id}`"
    )]
    TokenExists {
        /// Whose.
        user: String,
        /// Its name.
        name: String,
        /// Its id.
        id: String,
    },
    /// A token that could never be used.
    #[error("the token `{name}` would have expired already")]
    Expired {
        /// Its name.
        name: String,
    },
    /// A token that may more than its user.
    #[error("`{user}` is {have}, so no token of `{user}` can be {asked}")]
    RoleOfToken {
        /// Whose.
        user: String,
        /// What the user is.
        have: Role,
        /// What the token was to be.
        asked: Role,
    },
    /// A token for no experiment at all.
    #[error("the token `{name}` is for no experiment; leave experiments away for all, or name some")]
    NoExperiments {
        /// Its name.
        name: String,
    },
    /// A row that nobody wrote.
    #[error("the {what} `{name}` is damaged; remove it and make it again")]
    Damaged {
        /// A user or a token.
        what: &'static str,
        /// Which.
        name: String,
    },
}

impl AccessError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoUser { .. } | Self::NoToken { .. } => ErrorKind::NotFound,
            Self::UserExists { .. } | Self::TokenExists { .. } | Self::LastAdmin { .. } => ErrorKind::Locked,
            Self::NoRole(_)
            | Self::BadName { .. }
            | Self::Weak(_)
            | Self::SeveralTokens { .. }
            | Self::Expired { .. }
            | Self::RoleOfToken { .. }
            | Self::NoExperiments { .. } => ErrorKind::Usage,
            Self::Database(_)
            | Self::Sqlite(_)
            | Self::File { .. }
            | Self::Random(_)
            | Self::Hash(_)
            | Self::Damaged { .. } => ErrorKind::Failed,
        }
    }
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}
