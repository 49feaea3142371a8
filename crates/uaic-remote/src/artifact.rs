//! Artifacts over the wire, at the same memory however large they are.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uaic_platform::fsx::FileError;
use uaic_study::store::rules::check_name;
use uaic_study::store::{ArtifactRecord, Id, StoreError};
use ureq::SendBody;

use super::connection::{Connection, Method, Request};
use super::shared::PATIENCE;

/// Bytes that are held at once.
const PIECE: usize = 1 << 18;
/// How often the rest of a content is fetched when the connection breaks.
const TRIES: u32 = 10;
/// What is in an address as it is.
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address of an artifact.
fn path(run: Id, attempt: Option<u32>, name: &str) -> String {
    let attempt = attempt.map(|attempt| format!("&attempt={attempt}")).unwrap_or_default();
    format!("/api/v1/store/artifact?run={run}{attempt}&name={}", utf8_percent_encode(name, &PLAIN))
}

/// A content, and behind it its hash.
struct Hashed<R> {
    content: R,
    hasher: blake3::Hasher,
    /// What is left of the hash, once the content has ended.
    trailer: Option<io::Cursor<[u8; blake3::OUT_LEN]>>,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(trailer) = &mut self.trailer {
            return trailer.read(buffer);
        }
        let count = self.content.read(buffer)?;
        if count > 0 || buffer.is_empty() {
            self.hasher.update(buffer.get(..count).unwrap_or_default());
            return Ok(count);
        }
        self.trailer.insert(io::Cursor::new(*self.hasher.finalize().as_bytes())).read(buffer)
    }
}

/// Sends a content that can be read from its start more than once.
pub(super) fn put<R: Read + 'static>(
    connection: &Connection,
    run: Id,
    attempt: Option<u32>,
    name: &str,
    mut open: impl FnMut() -> Result<R, StoreError>,
) -> Result<ArtifactRecord, StoreError> {
    check_name(name)?;
    let path = path(run, attempt, name);
    let headers = vec![("content-type", "application/octet-stream".to_owned())];
    let request = Request { method: Method::Put, path: &path, headers, patience: PATIENCE };
    let mut response = connection.send(&request, || {
        let hashed = Hashed { content: open()?, hasher: blake3::Hasher::new(), trailer: None };
        Ok(SendBody::from_owned_reader(hashed))
    })?;
    let bytes = connection.body(&mut response, 1 << 20)?;
    connection.answer(&bytes)
}

/// Sends a file.
pub(super) fn put_file(
    connection: &Connection,
    run: Id,
    name: &str,
    file: &Path,
) -> Result<ArtifactRecord, StoreError> {
    put(connection, run, None, name, || Ok(File::open(file).map_err(FileError::at("read", file))?))
}

/// How far a content has come.
struct Arrived {
    bytes: u64,
    hasher: blake3::Hasher,
    /// The hash that it has to have, as the server told it first.
    hash: Option<String>,
}

/// Fetches a content. Where the connection breaks, the rest is fetched over another.
pub(super) fn copy(
    connection: &Connection,
    run: Id,
    name: &str,
    to: &mut dyn Write,
) -> Result<(), StoreError> {
    check_name(name)?;
    let path = path(run, None, name);
    let mut arrived = Arrived { bytes: 0, hasher: blake3::Hasher::new(), hash: None };
    let mut tries = 0;
    loop {
        let before = arrived.bytes;
        match fetch(connection, &path, &mut arrived, to) {
            Ok(()) => break,
            Err(StoreError::Unreachable { .. }) if tries < TRIES => {
                tries = if arrived.bytes > before { 0 } else { tries + 1 };
                std::thread::sleep(Duration::from_millis(100 * u64::from(tries)));
            }
            Err(error) => return Err(error),
        }
    }
    let hash = arrived.hash.unwrap_or_default();
    if arrived.hasher.finalize().to_hex().as_str() == hash {
        return Ok(());
    }
    Err(StoreError::Damaged { name: name.to_owned(), hash })
}

/// Fetches what is missing of a content.
fn fetch(
    connection: &Connection,
    path: &str,
    arrived: &mut Arrived,
    to: &mut dyn Write,
) -> Result<(), StoreError> {
    let mut headers = Vec::new();
    if let Some(hash) = arrived.hash.as_ref().filter(|_| arrived.bytes > 0) {
        headers.push(("range", format!("bytes={}-", arrived.bytes)));
        headers.push(("if-range", format!("\"{hash}\"")));
    }
    let wants_rest = !headers.is_empty();
    let request = Request { method: Method::Get, path, headers, patience: PATIENCE };
    let mut response = connection.send(&request, || Ok(SendBody::none()))?;
    let tag = response.headers().get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    let hash = tag.trim_matches('"').to_owned();
    if wants_rest && response.status() != ureq::http::StatusCode::PARTIAL_CONTENT {
        // It was replaced meanwhile: what has been written is the beginning of another.
        return Err(StoreError::Damaged {
            name: path.to_owned(),
            hash: arrived.hash.take().unwrap_or_default(),
        });
    }
    arrived.hash.get_or_insert(hash);
    let mut reader = response.body_mut().with_config().limit(u64::MAX).reader();
    let mut buffer = vec![0; PIECE];
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(connection.unreachable(&error.to_string())),
        };
        let piece = buffer.get(..count).unwrap_or_default();
        arrived.hasher.update(piece);
        arrived.bytes += count as u64;
        to.write_all(piece).map_err(|source| StoreError::Output { source })?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_goes_with_its_hash_behind_it() {
        for content in [&b""[..], b"abc", &[7; 1000]] {
            let mut hashed = Hashed { content, hasher: blake3::Hasher::new(), trailer: None };
            let mut sent = Vec::new();
            hashed.read_to_end(&mut sent).unwrap();
            assert_eq!(sent, [content, blake3::hash(content).as_bytes()].concat());
        }
    }

    #[test]
    fn any_name_is_one_parameter() {
        assert_eq!(
            path(Id([0; 16]), Some(3), "a b/ü&c=%"),
            "/api/v1/store/artifact?run=00000000000000000000000000000000&attempt=3&name=a%20b%2F%C3%BC%26c%3D%25"
        );
    }
}
