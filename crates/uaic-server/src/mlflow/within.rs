//! Of which experiment a request is, for those who see only some. What they do not see is not there.

use super::app::App;
use super::wire::{Fields, Problem};

/// That somebody sees what a request is about.
pub(super) type Check = fn(&App, &Fields<'_>) -> Result<(), Problem>;

/// How the experiment of a request is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum Within {
    /// It is not: the route is for those who see all.
    All,
    /// It is of none, and shows nothing of any.
    Nothing,
    /// From its fields.
    By(Check),
    /// The handler looks for itself, by [`App::sees`].
    Handler,
}

impl Within {
    /// That somebody sees what a request is about.
    ///
    /// # Errors
    /// They do not: it is not there.
    pub(super) fn check(self, app: &App, fields: &Fields<'_>) -> Result<(), Problem> {
        match self {
            _ if app.scope.some().is_none() => Ok(()),
            Self::Nothing | Self::Handler => Ok(()),
            Self::By(check) => check(app, fields),
            // The gate lets nobody come so far.
            Self::All => Err(Problem::missing("this is of no experiment that the token is for")),
        }
    }
}
