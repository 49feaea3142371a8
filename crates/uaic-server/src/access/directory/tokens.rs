//! Tokens.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use uaic_wording::nearest::nearest;

use super::super::error::AccessError;
use super::super::role::Role;
use super::super::scope::Scope;
use super::super::secret;
use super::{Directory, check_name, now_ms, users};

/// Letters of a name.
const LONGEST: usize = 100;

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// Whose it is.
    pub user: String,
    /// What it is called, such as the program that uses it; once a user.
    pub name: String,
    /// What it may do; `None` for what its user may.
    pub role: Option<Role>,
    /// In which experiments.
    pub scope: Scope,
    /// When it is of no use any more, milliseconds since 1970 UTC; `None` for never.
    pub expires_ms: Option<i64>,
}

/// A token, without what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// By which it is known; the token begins with it, behind `uaic_`.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// What it is called.
    pub name: String,
    /// What it may do, as long as its user may.
    pub role: Role,
    /// In which experiments.
    pub scope: Scope,
    /// When it was made, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it is of no use any more; `None` for never.
    pub expires_ms: Option<i64>,
}

impl TokenRecord {
    /// Whether it is of no use at a moment, milliseconds since 1970 UTC.
    pub fn has_expired(&self, at_ms: i64) -> bool {
        self.expires_ms.is_some_and(|expires| expires <= at_ms)
    }
}

impl Directory {
    /// Makes a token. What it is, the second, is told here and never again.
    ///
    /// # Errors
    /// [`AccessError::NoUser`], [`AccessError::BadName`], [`AccessError::TokenExists`],
    /// [`AccessError::Expired`], [`AccessError::RoleOfToken`], [`AccessError::NoExperiments`].
    pub fn create_token(&self, new: &NewToken) -> Result<(TokenRecord, String), AccessError> {
        check_name(&new.name, "a token", LONGEST)?;
        let created_ms = now_ms();
        if new.expires_ms.is_some_and(|expires| expires <= created_ms) {
            return Err(AccessError::Expired { name: new.name.clone() });
        }
        if new.scope.some().is_some_and(std::collections::BTreeSet::is_empty) {
            return Err(AccessError::NoExperiments { name: new.name.clone() });
        }
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let user = users::find(&transaction, &new.user)?;
        let role = new.role.unwrap_or(user.role);
        if role > user.role {
            return Err(AccessError::RoleOfToken { user: user.name, have: user.role, asked: role });
        }
        if let Some(id) = id_of(&transaction, &new.user, &new.name)? {
            return Err(AccessError::TokenExists { user: user.name, name: new.name.clone(), id });
        }
        let (id, whole) = secret::make()?;
        let NewToken { name, scope, expires_ms, .. } = new.clone();
        let token = TokenRecord { id, user: user.name, name, role, scope, created_ms, expires_ms };
        insert(&transaction, &token, &secret::hash(&whole))?;
        transaction.commit()?;
        Ok((token, whole))
    }

    /// The tokens of a user, or of all, by user and name.
    ///
    /// # Errors
    /// [`AccessError::NoUser`].
    pub fn tokens(&self, user: Option<&str>) -> Result<Vec<TokenRecord>, AccessError> {
        let connection = self.connection();
        if let Some(user) = user {
            users::find(&connection, user)?;
        }
        let tokens = all(&connection)?.into_iter().map(|(token, _)| token);
        Ok(tokens.filter(|token| user.is_none_or(|user| token.user == user)).collect())
    }

    /// Removes a token by its id, by its name where no other user has one of this name, or by `USER/NAME`.
    ///
    /// # Errors
    /// [`AccessError::NoToken`], [`AccessError::SeveralTokens`].
    pub fn remove_token(&self, which: &str) -> Result<TokenRecord, AccessError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let token = find(&transaction, which)?;
        transaction.execute("DELETE FROM tokens WHERE id = ?1", [&token.id])?;
        transaction.commit()?;
        Ok(token)
    }
}

fn id_of(connection: &Connection, user: &str, name: &str) -> Result<Option<String>, AccessError> {
    let sql = "SELECT id FROM tokens WHERE user = ?1 AND name = ?2";
    Ok(connection.query_row(sql, [user, name], |row| row.get(0)).optional()?)
}

fn insert(connection: &Connection, token: &TokenRecord, hash: &[u8; 32]) -> Result<(), AccessError> {
    connection.execute(
        "INSERT INTO tokens (id, user, name, hash, role, experiments, created_ms, expires_ms) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            token.id,
            token.user,
            token.name,
            hash,
            token.role.name(),
            token.scope.write(),
            token.created_ms,
            token.expires_ms
        ],
    )?;
    Ok(())
}

fn find(connection: &Connection, which: &str) -> Result<TokenRecord, AccessError> {
    let tokens: Vec<TokenRecord> = all(connection)?.into_iter().map(|(token, _)| token).collect();
    if let Some(token) = tokens.iter().find(|token| token.id == which) {
        return Ok(token.clone());
    }
    let is_it =
        |token: &&TokenRecord| token.name == which || format!("{}/{}", token.user, token.name) == which;
    let mut found = tokens.iter().filter(is_it);
    match (found.next(), found.count()) {
        (Some(token), 0) => Ok(token.clone()),
        (Some(_), more) => Err(AccessError::SeveralTokens { name: which.to_owned(), count: more + 1 }),
        (None, _) => {
            let nearest = nearest(which, tokens.iter().map(|token| token.name.as_str())).map(str::to_owned);
            Err(AccessError::NoToken { name: which.to_owned(), nearest })
        }
    }
}

type Row = (TokenRecord, [u8; 32], String, Option<String>);

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let token = TokenRecord {
        id: row.get("id")?,
        user: row.get("user")?,
        name: row.get("name")?,
        role: Role::Viewer,
        scope: Scope::All,
        created_ms: row.get("created_ms")?,
        expires_ms: row.get("expires_ms")?,
    };
    Ok((token, row.get("hash")?, row.get("role")?, row.get("experiments")?))
}

/// All tokens with their hashes, by user and name.
pub(super) fn all(connection: &Connection) -> Result<Vec<(TokenRecord, [u8; 32])>, AccessError> {
    let mut statement = connection.prepare("SELECT * FROM tokens ORDER BY user, name")?;
    let rows: Vec<Row> = statement.query_map([], row)?.collect::<rusqlite::Result<_>>()?;
    let whole = |(token, hash, role, experiments): Row| match (
        Role::parse(&role),
        Scope::read(experiments.as_deref()),
    ) {
        (Ok(role), Some(scope)) => Ok((TokenRecord { role, scope, ..token }, hash)),
        _ => Err(AccessError::Damaged { what: "token", name: token.id }),
    };
    rows.into_iter().map(whole).collect()
}
