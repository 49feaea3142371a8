//! Users.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use uaic_wording::nearest::nearest;

use super::super::error::AccessError;
use super::super::password;
use super::super::role::Role;
use super::{Directory, check_name, now_ms};

/// Letters of a name.
const LONGEST: usize = 100;

/// Somebody who may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// When they were added, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When password or role were changed.
    pub changed_ms: i64,
}

impl Directory {
    /// Adds somebody.
    ///
    /// # Errors
    /// [`AccessError::BadName`], [`AccessError::Weak`], [`AccessError::UserExists`].
    pub fn add_user(&self, name: &str, role: Role, password: &str) -> Result<UserRecord, AccessError> {
        check_name(name, "a user", LONGEST)?;
        password::check(name, password)?;
        // Before the transaction: it takes its time.
        let hash = password::hash(password)?;
        let now = now_ms();
        let added = self.connection().execute(
            "INSERT INTO users (name, role, password, created_ms, changed_ms) VALUES (?1, ?2, ?3, ?4, ?4) \
             ON CONFLICT (name) DO NOTHING",
            params![name, role.name(), hash, now],
        )?;
        match added {
            0 => Err(AccessError::UserExists { name: name.to_owned() }),
            _ => Ok(UserRecord { name: name.to_owned(), role, created_ms: now, changed_ms: now }),
        }
    }

    /// All users, by name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn users(&self) -> Result<Vec<UserRecord>, AccessError> {
        Ok(all(&self.connection())?.into_iter().map(|(user, _)| user).collect())
    }

    /// A user.
    ///
    /// # Errors
    /// [`AccessError::NoUser`].
    pub fn user(&self, name: &str) -> Result<UserRecord, AccessError> {
        find(&self.connection(), name)
    }

    /// Removes somebody, and all their tokens. The last admin stays while there are others.
    ///
    /// # Errors
    /// [`AccessError::NoUser`], [`AccessError::LastAdmin`].
    pub fn remove_user(&self, name: &str) -> Result<(), AccessError> {
        self.change(name, |connection, user| {
            let others: i64 =
                connection
                    .query_row("SELECT count(*) FROM users WHERE name <> ?1", [name], |row| row.get(0))?;
            if others > 0 {
                check_not_last(connection, user)?;
            }
            connection.execute("DELETE FROM users WHERE name = ?1", [name])?;
            Ok(())
        })
    }

    /// Gives somebody another password. Their tokens stay.
    ///
    /// # Errors
    /// [`AccessError::NoUser`], [`AccessError::Weak`].
    pub fn set_password(&self, name: &str, password: &str) -> Result<(), AccessError> {
        self.user(name)?;
        password::check(name, password)?;
        let hash = password::hash(password)?;
        self.change(name, |connection, _| {
            let sql = "UPDATE users SET password = ?2, changed_ms = ?3 WHERE name = ?1";
            connection.execute(sql, params![name, hash, now_ms()])?;
            Ok(())
        })
    }

    /// Gives somebody another role. A token never may more than its user.
    ///
    /// # Errors
    /// [`AccessError::NoUser`], [`AccessError::LastAdmin`].
    pub fn set_role(&self, name: &str, role: Role) -> Result<(), AccessError> {
        self.change(name, |connection, user| {
            if role != Role::Admin {
                check_not_last(connection, user)?;
            }
            let sql = "UPDATE users SET role = ?2, changed_ms = ?3 WHERE name = ?1";
            connection.execute(sql, params![name, role.name(), now_ms()])?;
            Ok(())
        })
    }

    /// Changes somebody who is there.
    fn change(
        &self,
        name: &str,
        change: impl FnOnce(&Connection, &UserRecord) -> Result<(), AccessError>,
    ) -> Result<(), AccessError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let user = find(&transaction, name)?;
        change(&transaction, &user)?;
        transaction.commit()?;
        Ok(())
    }
}

/// That somebody else is admin, too, if this one is.
fn check_not_last(connection: &Connection, user: &UserRecord) -> Result<(), AccessError> {
    let sql = "SELECT count(*) FROM users WHERE role = 'admin' AND name <> ?1";
    let others: i64 = connection.query_row(sql, [&user.name], |row| row.get(0))?;
    if user.role == Role::Admin && others == 0 {
        return Err(AccessError::LastAdmin { name: user.name.clone() });
    }
    Ok(())
}

type Row = (String, String, i64, i64, String);

const COLUMNS: &str = "name, role, created_ms, changed_ms, password";

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

fn record((name, role, created_ms, changed_ms, password): Row) -> Result<(UserRecord, String), AccessError> {
    match Role::parse(&role) {
        Ok(role) => Ok((UserRecord { name, role, created_ms, changed_ms }, password)),
        Err(_) => Err(AccessError::Damaged { what: "user", name }),
    }
}

/// A user.
///
/// # Errors
/// [`AccessError::NoUser`].
pub(super) fn find(connection: &Connection, name: &str) -> Result<UserRecord, AccessError> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE name = ?1");
    if let Some(found) = connection.query_row(&sql, [name], row).optional()? {
        return Ok(record(found)?.0);
    }
    let names: Vec<String> = all(connection)?.into_iter().map(|(user, _)| user.name).collect();
    let nearest = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
    Err(AccessError::NoUser { name: name.to_owned(), nearest })
}

/// All users with the hashes of their passwords, by name.
pub(super) fn all(connection: &Connection) -> Result<Vec<(UserRecord, String)>, AccessError> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM users ORDER BY name"))?;
    let rows: Vec<Row> = statement.query_map([], row)?.collect::<rusqlite::Result<_>>()?;
    rows.into_iter().map(record).collect()
}
