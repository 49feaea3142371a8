//! The one gate that every request comes through: known routes, mirrors, gRPC, and paths that are nowhere.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, Method, Uri, uri::PathAndQuery};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tower::ServiceExt;
use uaic_http::Peer;

use super::audit::{Audit, Entry, Subject};
use super::caller::Caller;
use super::error::AccessError;
use super::limiter::{Requests, Who};
use super::login::Logins;
use super::origin::Names;
use super::refusal::{Refusal, Voice};
use super::role::Need;
use super::scope::Scope;
use super::settings::Settings;
use super::table::{Declared, Found, Table};

/// Whom a proxy answers.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Letters of a path that are written down.
const PATH: usize = 500;
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// The gate of a server.
pub(crate) struct Gate {
    table: Table,
    logins: Logins,
    names: Names,
    requests: Option<Requests>,
    audit: Option<Audit>,
    is_read_only: bool,
    is_proxied: bool,
}

/// What is known of a request before it is let through.
struct Asked {
    from: Option<IpAddr>,
    need: Need,
    is_scoped: bool,
    caller: Option<Arc<Caller>>,
}

impl Gate {
    /// The gate of a server at an address, `None` for a socket in the file system.
    ///
    /// # Errors
    /// [`AccessError`].
    pub(crate) fn new(
        settings: &Settings,
        address: Option<SocketAddr>,
        routes: Vec<Declared>,
    ) -> Result<Self, AccessError> {
        let is_local = address.is_none_or(|address| address.ip().is_loopback());
        let audit = match &settings.folder {
            Some(folder) if settings.is_audited => Some(
                Audit::open(folder)
                    .map_err(|source| AccessError::File { path: folder.join(super::audit::FILE), source })?,
            ),
            _ => None,
        };
        Ok(Self {
            table: Table::new(routes),
            logins: Logins::new(settings.folder.clone(), is_local)?,
            names: Names::new(&settings.hosts, &settings.origins, is_local, settings.is_proxied),
            requests: settings.rate.map(Requests::new),
            audit,
            is_read_only: settings.is_read_only,
            is_proxied: settings.is_proxied,
        })
    }

    /// Whether there are users.
    pub(crate) fn has_users(&self) -> bool {
        self.logins.has_users()
    }

    /// Puts the gate in front of all routes of a router, and of its fallbacks.
    pub(crate) fn guard(self, router: Router) -> Router {
        router.layer(from_fn_with_state(Arc::new(self), pass))
    }

    /// Where a request comes from.
    fn from(&self, request: &Request) -> Option<IpAddr> {
        let peer =
            request.extensions().get::<Peer>().and_then(|peer| peer.address).map(|address| address.ip());
        if !self.is_proxied {
            return peer;
        }
        // The last is what the proxy itself has seen; the others are what clients say.
        let named = request.headers().get_all(FORWARDED_FOR).iter().next_back();
        let last = named.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        last.or(peer)
    }

    /// Whether a request may go on; notes what is found out on the way.
    async fn check(
        &self,
        asked: &mut Asked,
        request: (&Method, &Uri, &HeaderMap),
        route: Option<&str>,
    ) -> Result<(), Refusal> {
        let (method, uri, headers) = request;
        let found = route.map(|route| self.table.find(method, uri.path(), route));
        if let Some(Found::Route(route)) = found {
            asked.need = route.need;
            asked.is_scoped = route.is_scoped;
            if route.need == Need::Nothing {
                return Ok(());
            }
        }
        self.names.check_host(uri, headers).map_err(Refusal::Foreign)?;
        if !method.is_safe() || asked.need.is_change() {
            self.names.check_origin(uri, headers).map_err(Refusal::Foreign)?;
        }
        let caller = self.logins.authenticate(headers, asked.from).await?;
        asked.caller = Some(Arc::clone(&caller));
        if let Some(requests) = &self.requests {
            let who = caller.name.clone().map_or(Who::Address(asked.from), Who::Name);
            requests.take(&who, Instant::now()).map_err(Refusal::Often)?;
        }
        match found {
            // Whoever is known may learn that there is nothing.
            None | Some(Found::Route(_)) => {}
            Some(Found::Method) => return Err(Refusal::Method(method.clone())),
            Some(Found::Undeclared) => {
                tracing::error!(target: "uaic::server", "the route {route:?} does not say what it needs");
                return Err(Refusal::Undeclared);
            }
        }
        self.permit(asked, &caller)
    }

    /// Whether somebody may do what is asked.
    fn permit(&self, asked: &Asked, caller: &Caller) -> Result<(), Refusal> {
        if self.is_read_only && asked.need.is_change() {
            return Err(Refusal::ReadOnly);
        }
        if asked.need.role().is_some_and(|role| caller.role < role) {
            return Err(Refusal::Role { name: caller.shown().to_owned(), need: asked.need });
        }
        if caller.scope != Scope::All && !asked.is_scoped {
            return Err(Refusal::Scope { name: caller.token.clone().unwrap_or_default() });
        }
        Ok(())
    }

    /// Writes down who has changed what, or was not let in.
    fn note(&self, asked: &Asked, method: &Method, path: &str, route: Option<&str>, response: &Response) {
        let Some(audit) = &self.audit else { return };
        let caller = asked.caller.as_deref();
        audit.note(&Entry {
            time: jiff::Timestamp::now().to_string(),
            user: caller.and_then(|caller| caller.name.as_deref()),
            token: caller.and_then(|caller| caller.token.as_deref()),
            from: asked.from.map(|address| address.to_string()),
            method: method.as_str(),
            route: route.unwrap_or_default(),
            path,
            subject: response.extensions().get::<Subject>().map(|Subject(text)| text.as_str()),
            status: response.status().as_u16(),
            grpc_status: response.headers().get(GRPC_STATUS).and_then(|status| status.to_str().ok()),
        });
    }
}

/// Lets a request through, or not.
async fn pass(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    let mut asked =
        Asked { from: gate.from(&request), need: Need::Read, is_scoped: route.is_none(), caller: None };
    let voice = Voice::of(request.uri().path(), request.headers());
    let head = (request.method(), request.uri(), request.headers());
    let checked = gate.check(&mut asked, head, route).await;
    // Of what nobody known asks, only logins are noted, which are few: nobody else may fill the log.
    let is_known_to_change = asked.caller.is_some() && asked.need.is_change();
    let is_noted = gate.audit.is_some() && (is_known_to_change || checked == Err(Refusal::Unknown));
    let line = is_noted.then(|| {
        let path: String = request.uri().path().chars().take(PATH).collect();
        (request.method().clone(), path)
    });
    let response = match checked {
        Ok(()) => {
            if let Some(caller) = &asked.caller {
                request.extensions_mut().insert(Arc::clone(caller));
            }
            next.run(request).await
        }
        Err(refusal) => refusal.answer(voice),
    };
    if let Some((method, path)) = line {
        gate.note(&asked, &method, &path, route, &response);
    }
    response
}

/// Puts all routes of a router under a path, too, that a proxy has the server under.
pub(crate) fn under(prefix: Option<&str>, router: Router) -> Router {
    match prefix.map(|prefix| prefix.trim_matches('/')) {
        None | Some("") => router,
        Some(prefix) => {
            let prefix = format!("/{prefix}");
            // Before a route is looked for.
            Router::new().fallback(move |request: Request| {
                let router = router.clone();
                let request = without(&prefix, request);
                async move { router.oneshot(request).await }
            })
        }
    }
}

/// A request without the path that a proxy has the server under.
fn without(prefix: &str, mut request: Request) -> Request {
    let uri = request.uri();
    let Some(rest) = uri.path().strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    else {
        return request;
    };
    let path = if rest.is_empty() { "/" } else { rest };
    let whole = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let mut parts = uri.clone().into_parts();
    if let Ok(whole) = PathAndQuery::try_from(whole) {
        parts.path_and_query = Some(whole);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}
