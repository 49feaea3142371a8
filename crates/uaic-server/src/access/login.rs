//! Whether somebody is who they say.
//!
//! Passwords are slow to check by intent, so one that was right is remembered for a minute, as a hash with a
//! key that only this process has. Tokens are quick to check. What changes in the file is seen within a
//! quarter of a second.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::caller::Caller;
use super::credential::{self, Credential};
use super::directory::{Directory, TokenRecord, now_ms};
use super::error::AccessError;
use super::limiter::{Failures, Patience, Who};
use super::refusal::Refusal;
use super::role::Role;
use super::scope::Scope;
use super::{password, secret};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How long a password that was right is remembered.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How many are.
const MOST: usize = 1000;
/// How many passwords are checked at once: each takes 19 MiB and a processor.
const AT_ONCE: usize = 2;
/// How long a login waits for its turn.
const TURN: Duration = Duration::from_secs(10);

/// A user.
struct User {
    role: Role,
    password: String,
}

/// All users and tokens at a moment.
#[derive(Default)]
struct Known {
    users: HashMap<String, User>,
    tokens: HashMap<String, (TokenRecord, [u8; 32])>,
}

/// The file, and what was seen of it.
struct Watch {
    directory: Option<Directory>,
    version: i64,
    looked: Instant,
}

/// A password that was right.
struct Verified {
    /// The hash that it had; another one is another password.
    kept: String,
    at: Instant,
}

/// Whether somebody is who they say.
pub(super) struct Logins {
    folder: Option<PathBuf>,
    watch: Mutex<Watch>,
    known: RwLock<Arc<Known>>,
    verified: Mutex<HashMap<[u8; 32], Verified>>,
    key: [u8; 32],
    failures: Failures,
    turns: Semaphore,
    nobody: Arc<str>,
    /// Whether nobody needs to say who they are while there are no users.
    is_open: bool,
}

impl Logins {
    /// Those of the file in a folder; without one there are no users.
    ///
    /// # Errors
    /// The file cannot be read, or there is no randomness.
    pub(super) fn new(folder: Option<PathBuf>, is_open: bool) -> Result<Self, AccessError> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(AccessError::Random)?;
        let logins = Self {
            folder,
            watch: Mutex::new(Watch { directory: None, version: 0, looked: Instant::now() }),
            known: RwLock::default(),
            verified: Mutex::default(),
            key,
            failures: Failures::new(),
            turns: Semaphore::new(AT_ONCE),
            nobody: password::nobody().into(),
            is_open,
        };
        logins.look(&mut logins.watch.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(logins)
    }

    /// Whether there are users.
    pub(super) fn has_users(&self) -> bool {
        !self.known().users.is_empty()
    }

    /// Users and tokens as they are, or were a moment ago.
    fn known(&self) -> Arc<Known> {
        // Whoever comes while another looks goes by what was seen before.
        if let Ok(mut watch) = self.watch.try_lock()
            && watch.looked.elapsed() >= LOOK
        {
            self.look_again(&mut watch);
        }
        self.seen()
    }

    /// Users and tokens as they are: who is not known, or not so, may be so by now.
    fn fresh(&self) -> Arc<Known> {
        self.look_again(&mut self.watch.lock().unwrap_or_else(PoisonError::into_inner));
        self.seen()
    }

    fn seen(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn look_again(&self, watch: &mut Watch) {
        watch.looked = Instant::now();
        if let Err(error) = self.look(watch) {
            tracing::error!(target: "uaic::server", "users and tokens stay as they were: {error}");
        }
    }

    /// Reads what has changed.
    fn look(&self, watch: &mut Watch) -> Result<(), AccessError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let is_new = watch.directory.is_none();
        if is_new {
            watch.directory = Directory::find(folder)?;
        }
        let Some(directory) = &watch.directory else { return Ok(()) };
        let version = directory.version()?;
        if is_new || version != watch.version {
            let listed = directory.list()?;
            let users = listed
                .users
                .into_iter()
                .map(|(user, password)| (user.name, User { role: user.role, password }));
            let tokens = listed.tokens.into_iter().map(|(token, hash)| (token.id.clone(), (token, hash)));
            let known = Known { users: users.collect(), tokens: tokens.collect() };
            *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
            watch.version = version;
        }
        Ok(())
    }

    /// Who asks.
    ///
    /// # Errors
    /// Nobody known, or not now.
    pub(super) async fn authenticate(
        &self,
        headers: &axum::http::HeaderMap,
        from: Option<IpAddr>,
    ) -> Result<Arc<Caller>, Refusal> {
        let known = self.known();
        if known.users.is_empty() && self.is_open {
            return Ok(Caller::anybody());
        }
        let from = Who::Address(from);
        match credential::read(headers) {
            Ok(None) => Err(Refusal::Anonymous),
            Ok(Some(Credential::Bearer(token))) => self.by_token(&known, None, &token, &from),
            // A token in the place of a password, for clients that know nothing else.
            Ok(Some(Credential::Basic { name, password })) if secret::id(&password).is_some() => {
                self.by_token(&known, Some(&name), &password, &from)
            }
            Ok(Some(Credential::Basic { name, password })) => {
                self.by_password(&known, name, password, &from).await
            }
            Err(credential::Unreadable) => Err(self.failed(&from, None)),
        }
    }

    /// Notes that somebody was not let in.
    fn failed(&self, from: &Who, name: Option<&Who>) -> Refusal {
        let now = Instant::now();
        for who in std::iter::once(from).chain(name) {
            self.failures.add(who, now);
        }
        tracing::info!(target: "uaic::server", "a login has failed: {name:?} from {from:?}");
        Refusal::Unknown
    }

    /// Who a token is of. A right one is never barred: nobody guesses 256 bits.
    fn by_token(
        &self,
        known: &Known,
        name: Option<&str>,
        whole: &str,
        from: &Who,
    ) -> Result<Arc<Caller>, Refusal> {
        let id = secret::id(whole);
        let fresh = id.filter(|id| !known.tokens.contains_key(*id)).map(|_| self.fresh());
        let known = fresh.as_deref().unwrap_or(known);
        let found = id.and_then(|id| known.tokens.get(id));
        // Hashed in either case, so that it takes the same time.
        let is_right = secret::is_right(whole, found.map_or([0; 32], |(_, hash)| *hash));
        let token = found.filter(|(token, _)| {
            is_right && !token.has_expired(now_ms()) && name.is_none_or(|name| token.user == name)
        });
        let Some((token, user)) = token.and_then(|(token, _)| Some((token, known.users.get(&token.user)?)))
        else {
            if let Patience::Refused(wait) = self.failures.patience(from, from, Instant::now()) {
                return Err(Refusal::Often(wait));
            }
            return Err(self.failed(from, None));
        };
        Ok(Arc::new(Caller {
            name: Some(token.user.clone()),
            token: Some(token.name.clone()),
            role: token.role.min(user.role),
            scope: token.scope.clone(),
        }))
    }

    async fn by_password(
        &self,
        known: &Known,
        name: String,
        password: String,
        from: &Who,
    ) -> Result<Arc<Caller>, Refusal> {
        let hash = self.remembered_as(&name, &password);
        let is_known = |kept: &User| self.remembers(&hash, &kept.password);
        let fresh = if known.users.get(&name).is_some_and(is_known) { None } else { Some(self.fresh()) };
        let user = fresh.as_deref().unwrap_or(known).users.get(&name);
        if fresh.is_some() {
            let who = Who::Name(name.clone());
            match self.failures.patience(from, &who, Instant::now()) {
                Patience::Refused(wait) => return Err(Refusal::Often(wait)),
                Patience::After(wait) if wait.is_zero() => {}
                Patience::After(wait) => tokio::time::sleep(wait).await,
            }
            let kept = user.map_or_else(|| Arc::clone(&self.nobody), |user| user.password.as_str().into());
            if !self.is_right(hash, password, kept).await? || user.is_none() {
                return Err(self.failed(from, Some(&who)));
            }
            self.failures.forget(&who);
        }
        let Some(user) = user else { return Err(Refusal::Unknown) };
        Ok(Arc::new(Caller { name: Some(name), token: None, role: user.role, scope: Scope::All }))
    }

    /// Checks a password, on a thread that may take its time, when it is its turn.
    async fn is_right(&self, hash: [u8; 32], password: String, kept: Arc<str>) -> Result<bool, Refusal> {
        let turn = tokio::time::timeout(TURN, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Err(Refusal::Busy) };
        // Many threads of one client log in at once: the first has waited for all.
        if self.remembers(&hash, &kept) {
            return Ok(true);
        }
        let own = Arc::clone(&kept);
        let checked = spawn_blocking(move || password::is_right(&password, &own)).await;
        let is_right =
            checked.map_err(|error| Refusal::Failed(format!("a password was not checked: {error}")))?;
        if is_right {
            self.remember(hash, &kept);
        }
        Ok(is_right)
    }

    fn remembered_as(&self, name: &str, password: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        // Names have no NUL.
        hasher.update(name.as_bytes()).update(&[0]).update(password.as_bytes());
        *hasher.finalize().as_bytes()
    }

    fn remembers(&self, hash: &[u8; 32], kept: &str) -> bool {
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.get(hash).is_some_and(|own| own.kept == kept && own.at.elapsed() < REMEMBERED)
    }

    fn remember(&self, hash: [u8; 32], kept: &str) {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= MOST {
            verified.retain(|_, own| own.at.elapsed() < REMEMBERED);
        }
        if verified.len() >= MOST {
            verified.clear();
        }
        verified.insert(hash, Verified { kept: kept.to_owned(), at: Instant::now() });
    }
}
