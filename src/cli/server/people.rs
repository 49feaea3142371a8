//! `uaic server user` and `uaic server token`: who may use a server.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::server::access::{Directory, NewToken, Role, Scope, TokenRecord, UserRecord};
use crate::store::{SqliteStore, TrackingStore};

use super::super::{Global, json, printer};
use super::local;

/// What is done with users.
#[derive(Debug, Subcommand)]
pub(super) enum UserTask {
    /// Add a user; the first makes the server ask who is there
    Add(UserArgs),
    /// List users
    #[command(after_help = "\
Examples:
  uaic server user ls

With --json: {\"schema\": 1, \"users\": [{\"name\", \"role\", \"created_ms\"}]}")]
    Ls(LsArgs),
    /// Change what a user may do
    #[command(after_help = "Examples:\n  uaic server user role ada viewer")]
    Role(RoleArgs),
    /// Give a user another password
    #[command(after_help = "Examples:\n  uaic server user password ada")]
    Password(PasswordArgs),
    /// Remove a user, and all tokens of theirs
    #[command(after_help = "Examples:\n  uaic server user rm ada")]
    Rm(NameArgs),
}

/// What is done with tokens.
#[derive(Debug, Subcommand)]
pub(super) enum TokenTask {
    /// Make a token, which is printed once
    Create(TokenArgs),
    /// List tokens
    #[command(after_help = "\
Examples:
  uaic server token ls

With --json: {\"schema\": 1, \"tokens\": [{\"id\", \"user\", \"name\", \"role\",
  \"experiments\": [number] or null for all, \"created_ms\", \"expires_ms\"}]}")]
    Ls(LsArgs),
    /// Remove a token
    #[command(after_help = "Examples:\n  uaic server token rm ada/laptop")]
    Rm(NameArgs),
}

/// Arguments of `uaic server user add`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic server user add ada --role admin
  uaic server user add ci --role editor --password-file /run/secrets/ci

A viewer looks, an editor records and changes, an admin removes for good, too. The password is asked for, or
is the first line of the standard input or of a file; it has twelve letters or more.")]
pub(super) struct UserArgs {
    /// The name
    #[arg(value_name = "NAME")]
    name: String,

    /// What they may do: viewer, editor or admin
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Role,

    /// File with the password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// Arguments of `uaic server user role`.
#[derive(Args, Debug)]
pub(super) struct RoleArgs {
    /// The user
    #[arg(value_name = "NAME")]
    name: String,

    /// viewer, editor or admin
    #[arg(value_name = "ROLE", value_parser = role)]
    role: Role,
}

/// Arguments of `uaic server user password`.
#[derive(Args, Debug)]
pub(super) struct PasswordArgs {
    /// The user
    #[arg(value_name = "NAME")]
    name: String,

    /// File with the password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// A name.
#[derive(Args, Debug)]
pub(super) struct NameArgs {
    /// The user; of tokens, the id
    #[arg(value_name = "NAME")]
    name: String,
}

/// Arguments of the listings.
#[derive(Args, Debug)]
pub(super) struct LsArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `uaic server token create`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic server token create ada laptop
  uaic server token create ci nightly --role editor --experiment nets --expires 90d
  export MLFLOW_TRACKING_TOKEN=$(uaic server token create ada notebook)

The token is printed and kept nowhere: the store has a hash of it alone.")]
pub(super) struct TokenArgs {
    /// Whose it is
    #[arg(value_name = "USER")]
    user: String,

    /// What it is called, such as the program that uses it
    #[arg(value_name = "NAME")]
    name: String,

    /// What it may do, at most what its user may
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Option<Role>,

    /// Only in this experiment; may be given more than once
    #[arg(long, value_name = "NAME")]
    experiment: Vec<String>,

    /// When it is of no use any more, such as 90d
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    expires: Option<Duration>,
}

fn role(name: &str) -> Result<Role, String> {
    Role::parse(name).map_err(|error| error.to_string())
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let time = uaic_wording::duration::parse_time(text).filter(|time| time.as_secs() < 1 << 40);
    time.ok_or_else(|| "use a number and `s`, `m`, `h`, `d` or `w`, such as `90d`".to_owned())
}

/// Does something with users.
pub(super) fn user(global: &Global, task: &UserTask) -> anyhow::Result<ExitCode> {
    let directory = open(global)?;
    match task {
        UserTask::Add(args) => {
            let password = password(&args.name, args.password_file.as_deref())?;
            directory.add_user(&args.name, args.role, &password)?;
            printer::talk(format!("{} is a {}", args.name, args.role.name()));
        }
        UserTask::Ls(args) => list_users(&directory.users()?, args.json)?,
        UserTask::Role(args) => directory.set_role(&args.name, args.role)?,
        UserTask::Password(args) => {
            let password = password(&args.name, args.password_file.as_deref())?;
            directory.set_password(&args.name, &password)?;
        }
        UserTask::Rm(args) => directory.remove_user(&args.name)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Does something with tokens.
pub(super) fn token(global: &Global, task: &TokenTask) -> anyhow::Result<ExitCode> {
    let directory = open(global)?;
    match task {
        TokenTask::Create(args) => {
            let now_ms = jiff::Timestamp::now().as_millisecond();
            let new = NewToken {
                user: args.user.clone(),
                name: args.name.clone(),
                role: args.role,
                scope: scope(local(global)?, &args.experiment)?,
                expires_ms: args.expires.map(|time| now_ms.saturating_add(time.as_millis() as i64)),
            };
            let (_, secret) = directory.create_token(&new)?;
            printer::data(secret)?;
        }
        TokenTask::Ls(args) => list_tokens(&directory.tokens(None)?, args.json)?,
        TokenTask::Rm(args) => {
            directory.remove_token(&args.name)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn open(global: &Global) -> anyhow::Result<Directory> {
    let folder = local(global)?;
    // Users without a store would be of nothing.
    drop(SqliteStore::open(folder)?);
    Ok(Directory::open(folder)?)
}

/// The experiments of these names, which have to be there; all where none is given.
fn scope(folder: &Path, names: &[String]) -> anyhow::Result<Scope> {
    if names.is_empty() {
        return Ok(Scope::All);
    }
    let store = SqliteStore::open_read_only(folder)?;
    let ids: Result<BTreeSet<_>, _> =
        names.iter().map(|name| store.experiment_named(name).map(|experiment| experiment.id)).collect();
    Ok(Scope::Experiments(ids?))
}

/// The first line of a file, or of the standard input; from a terminal without showing it.
fn password(name: &str, file: Option<&Path>) -> anyhow::Result<String> {
    if let Some(path) = file {
        let text = String::from_utf8_lossy(&crate::fsx::read(path)?).into_owned();
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    let input = std::io::stdin();
    let is_terminal = input.is_terminal();
    if is_terminal {
        printer::talk(format!("password of {name} (it is not shown):"));
        echo(false);
    }
    let mut line = String::new();
    let read = input.lock().read_line(&mut line).context("cannot read the password");
    if is_terminal {
        echo(true);
    }
    read?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Lets the terminal show what is typed, or not.
fn echo(is_shown: bool) {
    let mode = if is_shown { "echo" } else { "-echo" };
    // Where it fails, the password is seen by who types it.
    let _ = Command::new("stty").arg(mode).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

fn list_users(users: &[UserRecord], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let users: Vec<_> = users
            .iter()
            .map(|user| json!({ "name": user.name, "role": user.role.name(), "created_ms": user.created_ms }))
            .collect();
        return printer::json(&json!({ "schema": json::SCHEMA, "users": users }));
    }
    for user in users {
        printer::data(format!("{}  {}", user.name, user.role.name()))?;
    }
    Ok(())
}

fn list_tokens(tokens: &[TokenRecord], as_json: bool) -> anyhow::Result<()> {
    let experiments = |token: &TokenRecord| {
        token.scope.some().map(|some| some.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    if as_json {
        let tokens: Vec<_> = tokens
            .iter()
            .map(|token| {
                json!({
                    "id": token.id,
                    "user": token.user,
                    "name": token.name,
                    "role": token.role.name(),
                    "experiments": experiments(token),
                    "created_ms": token.created_ms,
                    "expires_ms": token.expires_ms,
                })
            })
            .collect();
        return printer::json(&json!({ "schema": json::SCHEMA, "tokens": tokens }));
    }
    for token in tokens {
        let within =
            experiments(token).map_or_else(String::new, |some| format!("  experiments {}", some.join(",")));
        let until = token.expires_ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let until = until.map_or_else(String::new, |time| format!("  until {time:.0}"));
        printer::data(format!(
            "{}  {}  {}  {}{within}{until}",
            token.id,
            token.user,
            token.name,
            token.role.name()
        ))?;
    }
    Ok(())
}
