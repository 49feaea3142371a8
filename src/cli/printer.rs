//! Where output goes: data to stdout, talk to stderr.

use std::io::{self, Write};

use serde::Serialize;

/// Writes bytes to stdout. A reader that has gone away (`| head`) is no error.
///
/// # Errors
/// stdout cannot be written for another reason.
pub(super) fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes content to stdout to the byte: unlike [`write_stdout`] it leaves escape sequences and what
/// is no text as they are.
///
/// # Errors
/// As [`write_stdout`].
pub(super) fn write_content(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Prints one line (or block) of data.
///
/// # Errors
/// As [`write_stdout`].
pub(super) fn data(text: impl AsRef<str>) -> io::Result<()> {
    let mut line = text.as_ref().to_owned();
    line.push('\n');
    write_stdout(line.as_bytes())
}

/// Prints a value as indented JSON.
///
/// # Errors
/// As [`write_stdout`].
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(data(serde_json::to_string_pretty(value)?)?)
}

/// Says something on stderr.
pub(super) fn talk(text: impl AsRef<str>) {
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(anstream::stderr().lock(), "{}", text.as_ref());
}
