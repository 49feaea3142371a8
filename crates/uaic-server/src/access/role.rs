//! Who somebody is, and what a request needs of them.

use std::fmt;

use uaic_wording::nearest;

/// A role that there is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no role `{name}`{}; it is viewer, editor or admin",
    nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
)]
pub struct UnknownRole {
    /// What was written.
    pub name: String,
    /// What may be meant.
    pub nearest: Option<String>,
}

/// What somebody may do. Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Read.
    Viewer,
    /// Record, change and delete.
    Editor,
    /// Say who may do what, delete for good, and run the server.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Admin];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// The role of a name.
    ///
    /// # Errors
    /// [`UnknownRole`].
    pub fn parse(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or_else(|| UnknownRole {
            name: name.to_owned(),
            nearest: nearest::nearest(name, Self::ALL.map(Self::name)).map(str::to_owned),
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Nothing: whether the server lives, and its version, are no secrets.
    Nothing,
    /// That somebody may read.
    Read,
    /// That somebody may change what is recorded.
    Write,
    /// That somebody runs the server.
    Admin,
}

impl Need {
    /// Who may do this; `None` for everybody.
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Nothing => None,
            Self::Read => Some(Role::Viewer),
            Self::Write => Some(Role::Editor),
            Self::Admin => Some(Role::Admin),
        }
    }

    /// Whether something may be different afterwards.
    pub fn is_change(self) -> bool {
        self >= Self::Write
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_more_may_what_others_may() {
        assert!(Role::Viewer < Role::Editor && Role::Editor < Role::Admin);
        assert!(Need::Write.role() > Need::Read.role() && Need::Nothing.role().is_none());
        for role in Role::ALL {
            assert_eq!(Role::parse(role.name()).unwrap(), role);
        }
        let told = Role::parse("edtor").unwrap_err().to_string();
        assert!(told.contains("`edtor`") && told.contains("did you mean `editor`?"), "{told}");
    }
}
