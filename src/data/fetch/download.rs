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
        let answer = get_with_retries(&agent, &url, file, observe);
        let bytes = answer.map_err(|problem| problem.into_error(source.name, &url))?;
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

/// Why one attempt failed.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{0}")]
    Request(ureq::Error),
    #[error("the answer breaks off: {0}")]
    Body(std::io::Error),
}

impl Problem {
    /// Whether another attempt may mend it: a broken connection, a server in trouble.
    fn is_temporary(&self) -> bool {
        match self {
            Self::Request(ureq::Error::StatusCode(status)) => *status == 429 || *status >= 500,
            Self::Request(ureq::Error::BadUri(_) | ureq::Error::Http(_)) => false,
            Self::Request(_) | Self::Body(_) => true,
        }
    }

    fn into_error(self, name: &'static str, url: &str) -> FetchError {
        let url = url.to_owned();
        match self {
            Self::Request(ureq::Error::StatusCode(status)) => FetchError::Status { url, status },
            other => FetchError::Network { name, url, reason: other.to_string() },
        }
    }
}

fn get_with_retries(
    agent: &Agent,
    url: &str,
    file: &SourceFile,
    observe: &mut dyn FnMut(Event<'_>),
) -> Result<Vec<u8>, Problem> {
    let mut wait = FIRST_WAIT;
    for _ in 1..ATTEMPTS {
        match get(agent, url, file, observe) {
            Err(problem) if problem.is_temporary() => {
                observe(Event::Retry { url, reason: &problem.to_string() });
                thread::sleep(wait);
                wait *= 2;
            }
            answer => return answer,
        }
    }
    get(agent, url, file, observe)
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
