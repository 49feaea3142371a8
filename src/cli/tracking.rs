//! Where programs that we start find the store over HTTP: a server that is up on it, or one of our own that
//! lives as long as they do.

use std::path::Path;

use crate::store::{StoreAddress, announced};

#[cfg(feature = "serve")]
use super::server::Hosted;

/// The variables that programs read who log to MLflow.
pub(super) const MLFLOW_URI: &str = "MLFLOW_TRACKING_URI";
pub(super) const MLFLOW_RUN: &str = "MLFLOW_RUN_ID";

/// A server that programs find.
pub(super) struct Tracking {
    /// Its address.
    pub(super) url: String,
    #[cfg(feature = "serve")]
    _hosted: Option<Hosted>,
}

/// Whether servers on the store in a folder ask who is there.
fn has_users(folder: &Path) -> bool {
    folder.join("access.db").exists()
}

/// Whether programs find in their environment who they are.
fn can_say_who() -> bool {
    ["MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME"].iter().any(|name| std::env::var_os(name).is_some())
}

impl Tracking {
    /// The server of a store, if there is one; where it `is_wanted` and there is none, one is started.
    ///
    /// # Errors
    /// None can be started.
    pub(super) fn of(store: &StoreAddress, is_wanted: bool) -> anyhow::Result<Option<Self>> {
        let url = match store {
            StoreAddress::Server(url) => Some(url.clone()),
            // A server that asks who is there would refuse a program that cannot say so.
            StoreAddress::Folder(folder) => announced(folder).filter(|_| !has_users(folder) || can_say_who()),
        };
        match url {
            Some(url) => Ok(Some(Self::known(url))),
            None if is_wanted => Self::start(store).map(Some),
            None => Ok(None),
        }
    }

    #[cfg(feature = "serve")]
    fn known(url: String) -> Self {
        Self { url, _hosted: None }
    }

    #[cfg(not(feature = "serve"))]
    fn known(url: String) -> Self {
        Self { url }
    }

    #[cfg(feature = "serve")]
    fn start(store: &StoreAddress) -> anyhow::Result<Self> {
        let hosted = Hosted::start(store)?;
        Ok(Self { url: hosted.url().to_owned(), _hosted: Some(hosted) })
    }

    #[cfg(not(feature = "serve"))]
    fn start(_: &StoreAddress) -> anyhow::Result<Self> {
        let message = "this uaic was built without the feature `serve`, and can start no server";
        Err(super::exit::Failure::usage(message).into())
    }
}
