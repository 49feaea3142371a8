//! Requests: sent, sent again where that may help, answered or refused.

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use uaic_study::store::remote::{Hello, PROTOCOL, WireFault, pack, unpack};
use uaic_study::store::{Id, StoreError};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body, SendBody};

/// What messages are.
const MESSAGE: &str = "application/msgpack";
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the server may take to begin its answer.
const ANSWER: Duration = Duration::from_secs(300);
/// How long nothing may come or go.
const STILL: Duration = Duration::from_secs(60);
/// Between two tries: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// Bytes of an answer.
const MOST_ANSWERED: u64 = 4 << 30;
/// Bytes of what is told instead of an answer.
const MOST_TOLD: u64 = 1 << 16;

/// A server, and how it is spoken to.
pub(super) struct Connection {
    agent: Agent,
    /// Without a slash behind.
    server: String,
    token: Option<String>,
}

/// A request that can be made again.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    /// Behind the address of the server.
    pub(super) path: &'a str,
    pub(super) headers: Vec<(&'static str, String)>,
    /// How long it is made again.
    pub(super) patience: Duration,
}

/// What a request does.
#[derive(Clone, Copy)]
pub(super) enum Method {
    Get,
    Post,
    Put,
}

impl Connection {
    /// To a server that speaks as this program does.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`], [`StoreError::NotAllowed`], [`StoreError::OtherVersion`].
    pub(super) fn open(server: &str, token: Option<&str>) -> Result<Self, StoreError> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .timeout_per_read(Some(STILL))
            .timeout_per_write(Some(STILL))
            .user_agent(concat!("uaic/", env!("CARGO_PKG_VERSION")));
        if is_local(server) {
            config = config.proxy(None);
        }
        let own = Self {
            agent: config.build().new_agent(),
            server: server.trim_end_matches('/').to_owned(),
            token: token.map(str::to_owned).filter(|token| !token.is_empty()),
        };
        own.greet()?;
        Ok(own)
    }

    fn greet(&self) -> Result<(), StoreError> {
        let request = Request {
            method: Method::Get,
            path: "/api/v1/store",
            headers: Vec::new(),
            patience: Duration::ZERO,
        };
        let mut response = self.send(&request, || Ok(SendBody::none()))?;
        let bytes = self.body(&mut response, MOST_TOLD)?;
        let hello: Hello =
            serde_json::from_slice(&bytes).map_err(|_| self.otherwise("is no server of uaic"))?;
        if hello.protocol == PROTOCOL {
            return Ok(());
        }
        Err(self.otherwise(&format!(
            "is of uaic {} and speaks version {} of the protocol, this one version {PROTOCOL}",
            hello.version, hello.protocol
        )))
    }

    /// Its address.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// Sends a message and reads the answer.
    ///
    /// # Errors
    /// Those of the store at the other end; the server cannot be spoken to.
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        call: &impl Serialize,
        key: Option<Id>,
        patience: Duration,
    ) -> Result<T, StoreError> {
        let message: Arc<[u8]> = pack(call)
            .map_err(|error| StoreError::Malformed { what: "request", detail: error.to_string() })?
            .into();
        let mut headers = vec![("content-type", MESSAGE.to_owned())];
        headers.extend(key.map(|key| ("idempotency-key", key.to_string())));
        let request = Request { method: Method::Post, path, headers, patience };
        let deadline = Instant::now() + patience;
        loop {
            let mut response =
                self.send(&request, || Ok(SendBody::from_owned_reader(Cursor::new(Arc::clone(&message)))))?;
            match self.body(&mut response, MOST_ANSWERED) {
                Ok(bytes) => return self.answer(&bytes),
                // Cut on the way back: it is asked once more, and done once.
                Err(error @ StoreError::Unreachable { .. }) if Instant::now() >= deadline => {
                    return Err(error);
                }
                Err(StoreError::Unreachable { .. }) => sleep(PAUSES.0),
                Err(error) => return Err(error),
            }
        }
    }

    /// The message that an answer is.
    pub(super) fn answer<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, StoreError> {
        unpack(bytes).map_err(|error| self.otherwise(&format!("answers what is no message here ({error})")))
    }

    /// Sends a request until it is answered by the server's store.
    ///
    /// # Errors
    /// As [`Connection::ask`].
    pub(super) fn send<'b>(
        &self,
        request: &Request<'_>,
        mut body: impl FnMut() -> Result<SendBody<'b>, StoreError>,
    ) -> Result<Response<Body>, StoreError> {
        let deadline = Instant::now() + request.patience;
        let mut pause = PAUSES.0;
        loop {
            let error = match self.try_once(request, body()?) {
                Ok(response) if is_passing(response.status()) => {
                    self.unreachable(&format!("it answers {}", response.status()))
                }
                Ok(response) => return self.accepted(response),
                Err(error) if is_final(&error) => return Err(self.unreachable(&error.to_string())),
                Err(error) => self.unreachable(&error.to_string()),
            };
            if Instant::now() + pause > deadline {
                return Err(error);
            }
            sleep(pause);
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    fn try_once(&self, request: &Request<'_>, body: SendBody<'_>) -> Result<Response<Body>, ureq::Error> {
        let address = format!("{}{}", self.server, request.path);
        let token = self.token.as_ref().map(|token| ("authorization", format!("Bearer {token}")));
        let headers = request.headers.iter().cloned().chain(token);
        match request.method {
            Method::Get => {
                headers.fold(self.agent.get(address), |own, (name, value)| own.header(name, value)).call()
            }
            Method::Post => headers
                .fold(self.agent.post(address), |own, (name, value)| own.header(name, value))
                .send(body),
            Method::Put => {
                headers.fold(self.agent.put(address), |own, (name, value)| own.header(name, value)).send(body)
            }
        }
    }

    /// An answer that is one; otherwise why it is none.
    fn accepted(&self, mut response: Response<Body>) -> Result<Response<Body>, StoreError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let is_message =
            response.headers().get("content-type").is_some_and(|kind| kind.as_bytes() == MESSAGE.as_bytes());
        let bytes = self.body(&mut response, MOST_TOLD)?;
        if is_message {
            return Err(self.answer::<WireFault>(&bytes).map_or_else(|error| error, StoreError::from));
        }
        let told = told(&bytes);
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let why = told.unwrap_or_else(|| format!("it answers {status}"));
                StoreError::NotAllowed { server: self.server.clone(), why }
            }
            _ => self.otherwise(&match told {
                Some(told) => format!("answers {status}: {told}"),
                None => format!("answers {status}"),
            }),
        })
    }

    /// Reads what is answered.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`]: it is cut.
    pub(super) fn body(&self, response: &mut Response<Body>, most: u64) -> Result<Vec<u8>, StoreError> {
        let reader = response.body_mut().with_config().limit(most).reader();
        let mut bytes = Vec::new();
        reader.take(most).read_to_end(&mut bytes).map_err(|error| self.unreachable(&error.to_string()))?;
        Ok(bytes)
    }

    /// The error of a server that does not answer.
    pub(super) fn unreachable(&self, why: &str) -> StoreError {
        StoreError::Unreachable { server: self.server.clone(), why: why.to_owned() }
    }

    /// The error of a server that answers otherwise.
    pub(super) fn otherwise(&self, why: &str) -> StoreError {
        StoreError::OtherVersion { server: self.server.clone(), why: why.to_owned() }
    }
}

/// What a proxy says while the server behind it starts, and a server that has too much to do.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502..=504)
}

/// What is not better the next time.
fn is_final(error: &ureq::Error) -> bool {
    matches!(
        error,
        ureq::Error::BadUri(_)
            | ureq::Error::Http(_)
            | ureq::Error::HostNotFound
            | ureq::Error::Tls(_)
            | ureq::Error::RequireHttpsOnly(_)
    )
}

/// The reason in a problem of RFC 9457, or a short text.
fn told(bytes: &[u8]) -> Option<String> {
    let problem: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let detail = problem
        .as_ref()
        .and_then(|problem| ["detail", "message"].iter().find_map(|name| problem.get(name)?.as_str()));
    let text = detail.or_else(|| std::str::from_utf8(bytes).ok())?.trim();
    let is_page = text.starts_with('<') || text.is_empty();
    (!is_page).then(|| text.chars().filter(|character| !character.is_control()).take(500).collect())
}

/// Whether a server is on this machine: no proxy is between.
fn is_local(server: &str) -> bool {
    let host = server.split_once("://").map_or(server, |(_, rest)| rest);
    ["127.", "localhost", "[::1]"].iter().any(|local| host.starts_with(local))
}
