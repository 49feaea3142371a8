//! Downloading pinned files over HTTP.

use std::io::Read;
use std::thread;
use std::time::Duration;

use ureq::Agent;

use super::source::{Source, SourceFile};
use super::{Event, FetchError, verify};

/// How often a file is asked for before giving up.
const ATTEMPTS: u32 = 3;
/// The wait before the second attempt; it doubles for each one after.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest silence in the middle of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// The verified bytes of every file of a source, in its order.
pub(super) fn download(
    source: &Source,
    base: &str,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Vec<Vec<u8>>, FetchError> {
    let agent = agent();
    let mut files = Vec::new();
    for file in source.files {
        let url = source.url(base, file);
        observe(Event::File { path: file.path });
        let bytes = with_retries(&url, observe, |observe| {
            get(&agent, &url, file, observe).map_err(|problem| problem.named(source.name, &url))
        })?;
        verify(&url, file, &bytes)?;
        files.push(bytes);
    }
    Ok(files)
}

fn agent() -> Agent {
    Agent::config_builder()
        .user_agent(concat!("uaic/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(CONNECT_TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(READ_TIMEOUT))
        .timeout_per_read(Some(READ_TIMEOUT))
        .build()
        .into()
}

/// Tries again what another attempt may mend: a broken connection, a server in trouble.
fn with_retries<T>(
    url: &str,
    observe: &mut dyn FnMut(Event<'_>),
    mut attempt: impl FnMut(&mut dyn FnMut(Event<'_>)) -> Result<T, FetchError>,
) -> Result<T, FetchError> {
    let mut wait = FIRST_WAIT;
    for _ in 1..ATTEMPTS {
        match attempt(observe) {
            Err(error) if is_temporary(&error) => {
                observe(Event::Retry { url, reason: &error });
                thread::sleep(wait);
                wait *= 2;
            }
            answer => return answer,
        }
    }
    attempt(observe)
}

fn is_temporary(error: &FetchError) -> bool {
    match error {
        FetchError::Network { .. } => true,
        FetchError::Status { status, .. } => *status == 429 || *status >= 500,
        _ => false,
    }
}

/// Why one attempt failed.
enum Problem {
    Request(ureq::Error),
    Body(std::io::Error),
}

impl Problem {
    fn named(self, name: &'static str, url: &str) -> FetchError {
        let url = url.to_owned();
        match self {
            Self::Request(ureq::Error::StatusCode(status)) => FetchError::Status { url, status },
            Self::Request(error) => FetchError::Network { name, url, reason: error.to_string() },
            Self::Body(error) => {
                FetchError::Network { name, url, reason: format!("the answer breaks off: {error}") }
            }
        }
    }
}

fn get(
    agent: &Agent,
    url: &str,
    file: &SourceFile,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Vec<u8>, Problem> {
    let answer = agent.get(url).call().map_err(Problem::Request)?;
    // One byte more than expected is enough to know that it is another file.
    let mut body = answer.into_body().into_reader().take(file.bytes + 1);
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        match body.read(&mut chunk).map_err(Problem::Body)? {
            0 => return Ok(bytes),
            count => bytes.extend_from_slice(&chunk[..count]),
        }
        observe(Event::Received { bytes: bytes.len() as u64 });
    }
}
