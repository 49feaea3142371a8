//! The gate, in front of the routes that there are and of some that there should not be.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::{any, get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use uaic_http::Peer;
use uaic_store::SqliteStore;
use uaic_study::store::tracking::ExperimentId;

use super::*;
use crate::operation::Monitor;
use crate::server::{declared as all, router as routes};

const GOOD: &str = "seven grey herons";
const LOCAL: &str = "127.0.0.1:5000";
const OTHER: &str = "0.0.0.0:5000";

/// A store with a user of each role.
struct Place {
    folder: tempfile::TempDir,
    store: Arc<SqliteStore>,
    directory: Directory,
}

impl Place {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let directory = Directory::open(folder.path()).unwrap();
        Self { folder, store, directory }
    }

    fn new() -> Self {
        let place = Self::empty();
        for role in Role::ALL {
            place.directory.add_user(role.name(), role, GOOD).unwrap();
        }
        place
    }

    fn settings(&self) -> Settings {
        Settings::of(self.folder.path())
    }

    fn token(&self, role: Role, name: &str, scope: Scope) -> String {
        let user = role.name().to_owned();
        let new = NewToken { user, name: name.into(), role: None, scope, expires_ms: None };
        self.directory.create_token(&new).unwrap().1
    }

    fn guarded(&self, settings: &Settings, address: &str, more: Router, declared: Vec<Declared>) -> Router {
        let known = all().into_iter().chain(declared).collect();
        let (_, stopped) = tokio::sync::watch::channel(false);
        let gate = Gate::new(settings, Some(address.parse().unwrap()), known).unwrap();
        let routes = routes(self.store.clone(), None, Arc::new(Monitor::new()), stopped);
        under(settings.prefix.as_deref(), gate.guard(routes.merge(more)))
    }

    fn router(&self) -> Router {
        self.guarded(&self.settings(), OTHER, Router::new(), Vec::new())
    }
}

/// All routes, each with a method that it takes.
fn known_routes() -> Vec<Declared> {
    let asked = |route: Declared| Declared {
        method: if route.method == ANY { "GET" } else { route.method },
        ..route
    };
    all().into_iter().map(asked).collect()
}

fn declared(method: &'static str, path: &str, need: Need) -> Declared {
    Declared { method, path: path.into(), need, is_scoped: false }
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// Asks as a program does, with these headers instead of its own.
async fn ask(router: &Router, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    let own = |name: &str| headers.iter().any(|(given, _)| *given == name);
    for (name, value) in [("host", "localhost:5000"), ("content-type", "application/json")] {
        if !own(name) {
            request = request.header(name, value);
        }
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    let address: SocketAddr = "10.0.0.9:1234".parse().unwrap();
    request.extensions_mut().insert(Peer { address: Some(address), is_encrypted: false });
    router.clone().oneshot(request).await.unwrap()
}

async fn status(router: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    ask(router, method, path, headers, &json!({})).await.status().as_u16()
}

async fn told(response: Response) -> Value {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// A path that a route's pattern takes.
fn example(pattern: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "x".to_owned() } else { part.to_owned() };
    pattern.split('/').map(part).collect::<Vec<_>>().join("/")
}

const EXEMPT: [&str; 4] = ["/health", "/livez", "/readyz", "/version"];

#[tokio::test]
async fn no_route_and_no_mirror_is_open() {
    let place = Place::new();
    let router = place.router();
    let routes = known_routes();
    assert!(routes.len() > 90, "{}", routes.len());
    for route in &routes {
        let path = example(&route.path);
        let is_exempt = EXEMPT.contains(&route.path.as_str());
        assert_eq!(route.need == Need::Nothing, is_exempt, "{}", route.path);
        let got = status(&router, route.method, &path, &[]).await;
        assert_eq!(got == 401, !is_exempt, "{} {path}: {got}", route.method);
        // Nor by another way of writing it, or another method.
        if !is_exempt {
            for other in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
                assert_eq!(status(&router, other, &path, &[]).await, 401, "{other} {path}");
            }
            for other in
                [format!("{path}/"), format!("/{path}"), path.to_uppercase(), path.replace("/2.0", "/./2.0")]
            {
                assert_eq!(status(&router, route.method, &other, &[]).await, 401, "{other}");
            }
        }
    }
    for path in
        ["/", "/nowhere", "/v1/traces", "/graphql", "/metrics", "/%2e%2e/health", "/health/../api", "/users"]
    {
        for method in ["GET", "POST"] {
            assert_eq!(status(&router, method, path, &[]).await, 401, "{path}");
        }
    }
    // Who is known learns that there is nothing.
    let viewer = basic("viewer", GOOD);
    for path in ["/nowhere", "/api/2.0/mlflow/nowhere", "/api/v1/nowhere"] {
        assert_eq!(status(&router, "GET", path, &[("authorization", &viewer)]).await, 404, "{path}");
    }
}

#[tokio::test]
async fn each_role_may_what_it_may() {
    let place = Place::new();
    let more = Router::new().route("/gc", post(|| async { "done" }));
    let admin = [declared("POST", "/gc", Need::Admin)];
    let router = place.guarded(&place.settings(), OTHER, more, admin.clone().into());
    for role in Role::ALL {
        let own = basic(role.name(), GOOD);
        let own = [("authorization", own.as_str())];
        for route in known_routes().iter().chain(&admin) {
            let got = status(&router, route.method, &example(&route.path), &own).await;
            let may = route.need.role().is_none_or(|needed| role >= needed);
            assert_eq!(got == 403, !may, "{role}: {} {}: {got}", route.method, route.path);
            assert_ne!(got, 401, "{}", route.path);
        }
    }
    let viewer = basic("viewer", GOOD);
    let response = ask(
        &router,
        "POST",
        "/api/2.0/mlflow/experiments/create",
        &[("authorization", &viewer)],
        &json!({"name": "a"}),
    )
    .await;
    let told = told(response).await;
    assert_eq!(told["error_code"], "PERMISSION_DENIED");
    let message = told["message"].as_str().unwrap();
    assert!(message.contains("editor") && message.contains("uaic server user role"), "{message}");
}

#[tokio::test]
async fn what_nobody_declared_is_refused_to_admins_too() {
    let place = Place::new();
    let more =
        Router::new().route("/forgotten", get(|| async { "leak" })).route("/half", any(|| async { "leak" }));
    let router = place.guarded(&place.settings(), OTHER, more, vec![declared("GET", "/half", Need::Read)]);
    let admin = basic("admin", GOOD);
    let admin = [("authorization", admin.as_str())];
    assert_eq!(status(&router, "GET", "/forgotten", &admin).await, 403);
    assert_eq!(status(&router, "GET", "/half", &admin).await, 200);
    for method in ["POST", "DELETE", "OPTIONS", "PURGE"] {
        assert_eq!(status(&router, method, "/half", &admin).await, 405, "{method}");
    }
    // Without users, too: it would be open on the day that there are some.
    let open = Place::empty();
    let more = Router::new().route("/forgotten", get(|| async { "leak" }));
    let router = open.guarded(&open.settings(), LOCAL, more, Vec::new());
    assert_eq!(status(&router, "GET", "/forgotten", &[]).await, 403);
}

#[tokio::test]
async fn passwords_and_tokens_are_known_in_each_form() {
    let place = Place::new();
    let router = place.router();
    let path = "/api/2.0/mlflow/experiments/search";
    let token = place.token(Role::Editor, "ci", Scope::All);
    for right in [
        basic("viewer", GOOD),
        basic("viewer", GOOD).replace("Basic", "basic"),
        bearer(&token),
        basic("editor", &token),
    ] {
        assert_eq!(status(&router, "GET", path, &[("authorization", &right)]).await, 200, "{right}");
    }
    for wrong in [
        basic("viewer", "seven grey heron"),
        basic("viewer", ""),
        basic("nobody", GOOD),
        basic("", GOOD),
        basic("viewer", &token),
        basic("Viewer", GOOD),
        bearer("uaic_0000000000_AAAA"),
        bearer(GOOD),
        bearer(&token[..token.len() - 1]),
        "Digest x".to_owned(),
        "Basic".to_owned(),
        "Basic %%%".to_owned(),
    ] {
        let response = ask(&router, "GET", path, &[("authorization", &wrong)], &json!({})).await;
        assert_eq!(response.status(), 401, "{wrong}");
        assert!(response.headers().contains_key("www-authenticate"));
        assert_eq!(told(response).await["error_code"], "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn what_is_taken_away_is_gone_at_once() {
    let place = Place::new();
    let router = place.router();
    let path = "/api/2.0/mlflow/experiments/search";
    let token = place.token(Role::Admin, "ci", Scope::All);
    let by_token = bearer(&token);
    let by_password = basic("admin", GOOD);
    for header in [&by_token, &by_password] {
        assert_eq!(status(&router, "GET", path, &[("authorization", header)]).await, 200);
    }
    let (create, name) = ("/api/2.0/mlflow/experiments/create", json!({"name": "a"}));
    place.directory.add_user("second", Role::Admin, GOOD).unwrap();
    place.directory.set_role("admin", Role::Viewer).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // A token never may more than its user.
    for header in [&by_token, &by_password] {
        let response = ask(&router, "POST", create, &[("authorization", header)], &name).await;
        assert_eq!(response.status(), 403);
    }
    place.directory.set_password("admin", "another seven herons").unwrap();
    place.directory.remove_token("ci").unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    for header in [&by_token, &by_password] {
        assert_eq!(status(&router, "GET", path, &[("authorization", header)]).await, 401);
    }
    let new = NewToken {
        user: "second".into(),
        name: "short".into(),
        role: Some(Role::Viewer),
        scope: Scope::All,
        expires_ms: Some(jiff::Timestamp::now().as_millisecond() + 700),
    };
    let short = bearer(&place.directory.create_token(&new).unwrap().1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(status(&router, "GET", path, &[("authorization", &short)]).await, 200);
    assert_eq!(status(&router, "POST", create, &[("authorization", &short)]).await, 403);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(status(&router, "GET", path, &[("authorization", &short)]).await, 401);
}

#[tokio::test]
async fn a_password_is_checked_once_and_remembered_as_long_as_it_is_right() {
    let place = Place::new();
    let router = place.router();
    let path = "/api/2.0/mlflow/experiments/search";
    let own = basic("viewer", GOOD);
    let start = Instant::now();
    for _ in 0..200 {
        assert_eq!(status(&router, "GET", path, &[("authorization", &own)]).await, 200);
    }
    // Checked each time they would take four seconds.
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    // A right one elsewhere does not make this one right.
    assert_eq!(
        status(&router, "GET", path, &[("authorization", &basic("viewer", "seven grey heroes"))]).await,
        401
    );
}

#[tokio::test]
async fn guessing_becomes_slow_and_stops() {
    let place = Place::new();
    let router = place.router();
    let path = "/api/2.0/mlflow/experiments/search";
    for guess in 0..25 {
        let wrong = bearer(&format!("uaic_0000000000_{guess}"));
        let response = ask(&router, "GET", path, &[("authorization", &wrong)], &json!({})).await;
        if guess < 20 {
            assert_eq!(response.status(), 401);
        } else {
            assert_eq!(response.status(), 429);
            let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait));
        }
    }
    // Neither can a password be tried any more from there, but tokens that are right go on.
    assert_eq!(status(&router, "GET", path, &[("authorization", &basic("viewer", GOOD))]).await, 429);
    let token = place.token(Role::Viewer, "ci", Scope::All);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(status(&router, "GET", path, &[("authorization", &bearer(&token))]).await, 200);
}

#[tokio::test]
async fn one_machine_needs_no_users_until_it_has_some() {
    let place = Place::empty();
    let router = place.guarded(&place.settings(), LOCAL, Router::new(), Vec::new());
    let path = "/api/2.0/mlflow/experiments/search";
    assert_eq!(status(&router, "GET", path, &[]).await, 200);
    assert_eq!(status(&router, "POST", "/api/2.0/mlflow/runs/create", &[]).await, 400);
    assert_eq!(status(&router, "GET", path, &[("authorization", &basic("left", "over"))]).await, 200);
    place.directory.add_user("ada", Role::Admin, GOOD).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(status(&router, "GET", path, &[]).await, 401);
    assert_eq!(status(&router, "GET", path, &[("authorization", &basic("ada", GOOD))]).await, 200);
    // For others it is shut, with or without users.
    let other = Place::empty().router();
    assert_eq!(status(&other, "GET", path, &[]).await, 401);
}

#[tokio::test]
async fn a_server_that_only_shows_changes_nothing() {
    let place = Place::empty();
    let settings = Settings { is_read_only: true, ..place.settings() };
    let router = place.guarded(&settings, LOCAL, Router::new(), Vec::new());
    for route in known_routes() {
        let got = status(&router, route.method, &example(&route.path), &[]).await;
        assert_eq!(got == 403, route.need.is_change(), "{} {}: {got}", route.method, route.path);
    }
}

#[tokio::test]
async fn names_of_others_and_their_pages_are_refused() {
    let place = Place::empty();
    let settings = Settings { hosts: vec!["uaic.example".into()], ..place.settings() };
    let router = place.guarded(&settings, LOCAL, Router::new(), Vec::new());
    for route in known_routes() {
        let (path, is_exempt) = (example(&route.path), route.need == Need::Nothing);
        // DNS rebinding.
        let got = status(&router, route.method, &path, &[("host", "evil.example")]).await;
        assert_eq!(got == 403, !is_exempt, "{} {path}: {got}", route.method);
        // A page of another site, and a form of it.
        for headers in
            [[("origin", "https://evil.example")], [("origin", "null")], [("sec-fetch-site", "cross-site")]]
        {
            let got = status(&router, route.method, &path, &headers).await;
            assert_eq!(got == 403, route.method != "GET", "{} {path}: {got}", route.method);
        }
    }
    let path = "/api/2.0/mlflow/experiments/search";
    assert_eq!(status(&router, "POST", path, &[("host", "uaic.example:5000")]).await, 200);
    assert_eq!(status(&router, "POST", path, &[("origin", "http://localhost:3000")]).await, 200);
    // No page is told that it may read.
    for method in ["GET", "OPTIONS"] {
        let headers = [("origin", "http://localhost:3000"), ("access-control-request-method", "POST")];
        let response = ask(&router, method, path, &headers, &json!({})).await;
        assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
    }
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let place = Place::new();
    let settings = Settings { rate: Some(Rate { per_second: 1, burst: 5 }), ..place.settings() };
    let router = place.guarded(&settings, OTHER, Router::new(), Vec::new());
    let path = "/api/2.0/mlflow/experiments/search";
    let (ada, bob) = (place.token(Role::Admin, "a", Scope::All), place.token(Role::Viewer, "b", Scope::All));
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..5 {
        assert_eq!(status(&router, "GET", path, &[("authorization", &bearer(&ada))]).await, 200);
    }
    let response = ask(&router, "GET", path, &[("authorization", &bearer(&ada))], &json!({})).await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(told(response).await["error_code"], "REQUEST_LIMIT_EXCEEDED");
    assert_eq!(status(&router, "GET", path, &[("authorization", &bearer(&bob))]).await, 200);
}

#[tokio::test]
async fn clients_of_grpc_are_told_in_grpc() {
    let place = Place::new();
    let router = place.router();
    let path = "/optuna.StorageService/CreateNewTrial";
    let read = "/optuna.StorageService/GetTrial";
    let grpc = ("content-type", "application/grpc");
    let viewer = basic("viewer", GOOD);
    let response = ask(&router, "POST", read, &[grpc, ("authorization", &viewer)], &json!({})).await;
    assert_ne!(response.headers()["grpc-status"], "7");
    let asked = async |headers: &[(&str, &str)]| {
        let headers: Vec<(&str, &str)> =
            headers.iter().copied().chain([("content-type", "application/grpc")]).collect();
        let response = ask(&router, "POST", path, &headers, &json!({})).await;
        let code = response.headers().get("grpc-status").map(|code| code.to_str().unwrap().to_owned());
        (response.status().as_u16(), code)
    };
    assert_eq!(asked(&[]).await, (200, Some("16".into())));
    assert_eq!(asked(&[("authorization", &basic("viewer", GOOD))]).await, (200, Some("7".into())));
    // Let through, it is found to be no message.
    assert_eq!(asked(&[("authorization", &basic("editor", GOOD))]).await, (200, Some("13".into())));
    assert_eq!(
        asked(&[("host", "evil.example"), ("authorization", &basic("editor", GOOD))]).await,
        (200, Some("7".into()))
    );
    // It knows of no experiments, so a token for some is for nothing here.
    let scoped = place.token(Role::Editor, "some", Scope::Experiments([ExperimentId(0)].into()));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(asked(&[("authorization", &bearer(&scoped))]).await, (200, Some("7".into())));
}

#[tokio::test]
async fn a_proxy_may_have_the_server_under_a_path() {
    let place = Place::empty();
    let settings = Settings {
        prefix: Some("/team/uaic/".into()),
        is_proxied: true,
        hosts: vec!["example.com".into()],
        ..place.settings()
    };
    let router = place.guarded(&settings, LOCAL, Router::new(), Vec::new());
    let host = [("x-forwarded-host", "example.com")];
    for path in [
        "/team/uaic/api/2.0/mlflow/experiments/search?max_results=1",
        "/api/2.0/mlflow/experiments/search",
        "/team/uaic/health",
    ] {
        assert_eq!(status(&router, "GET", path, &host).await, 200, "{path}");
    }
    for path in ["/team/uaicapi/2.0/mlflow/experiments/search", "/team/uaic", "/team"] {
        assert_eq!(status(&router, "GET", path, &host).await, 404, "{path}");
    }
    assert_eq!(
        status(
            &router,
            "GET",
            "/team/uaic/api/2.0/mlflow/experiments/search",
            &[("x-forwarded-host", "evil.example")]
        )
        .await,
        403
    );
    // Artifacts, whose paths the handler reads itself.
    let put =
        ask(&router, "PUT", "/team/uaic/api/2.0/mlflow-artifacts/artifacts/0/a.txt", &host, &json!(1)).await;
    assert_eq!(put.status(), 200);
    assert_eq!(status(&router, "GET", "/api/2.0/mlflow-artifacts/artifacts/0/a.txt", &host).await, 200);
}

fn lines(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join(AUDIT_FILE)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn every_change_is_written_down_and_no_secret() {
    let place = Place::new();
    let settings = Settings { is_proxied: true, ..place.settings() };
    let router = place.guarded(&settings, OTHER, Router::new(), Vec::new());
    let token = place.token(Role::Editor, "ci", Scope::All);
    let (editor, viewer) = (bearer(&token), basic("viewer", GOOD));
    let create = "/api/2.0/mlflow/experiments/create";
    let body = json!({"name": "audited"});
    let from = ("x-forwarded-for", "1.2.3.4, 10.1.1.1");
    tokio::time::sleep(Duration::from_millis(300)).await;
    ask(&router, "POST", create, &[("authorization", &editor), from], &body).await;
    ask(&router, "POST", create, &[("authorization", &viewer)], &body).await;
    ask(&router, "POST", create, &[("authorization", &basic("viewer", "wrong password"))], &body).await;
    ask(&router, "GET", "/api/2.0/mlflow/experiments/search", &[("authorization", &viewer)], &json!({}))
        .await;
    // With the last of the routers the log is closed.
    drop(router);
    let lines = lines(place.folder.path());
    let short = |line: &Value| {
        (line["user"].clone(), line["token"].clone(), line["from"].clone(), line["status"].clone())
    };
    assert_eq!(
        lines.iter().map(short).collect::<Vec<_>>(),
        [
            (json!("editor"), json!("ci"), json!("10.1.1.1"), json!(200)),
            (json!("viewer"), json!(null), json!("10.0.0.9"), json!(403)),
            (json!(null), json!(null), json!("10.0.0.9"), json!(401)),
        ]
    );
    assert_eq!(lines[0]["method"], "POST");
    assert_eq!(lines[0]["route"], create);
    assert_eq!(lines[0]["subject"], "name=audited");
    assert!(lines[0]["time"].as_str().unwrap().ends_with('Z'));
    let all = json!(lines).to_string();
    assert!(!all.contains(GOOD) && !all.contains("wrong password") && !all.contains(&token[10..]), "{all}");
}

#[tokio::test]
async fn a_request_of_nobody_is_not_read() {
    let place = Place::new();
    let router = place.router();
    // A body that would never end.
    let endless =
        Body::from_stream(futures_util::stream::pending::<Result<axum::body::Bytes, std::io::Error>>());
    let request = Request::builder()
        .method(Method::PUT)
        .uri("/api/2.0/mlflow-artifacts/artifacts/0/a")
        .header("host", "localhost")
        .body(endless)
        .unwrap();
    let answered = tokio::time::timeout(Duration::from_secs(5), router.oneshot(request)).await;
    assert_eq!(answered.unwrap().unwrap().status(), 401);
}
