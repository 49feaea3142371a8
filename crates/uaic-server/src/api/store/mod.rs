//! The store itself, for `--store http://…` of other machines: one message in, one message out, artifacts as
//! streams. See `docs/remote-store.md`.

mod answer;
mod artifact;
mod message;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use uaic_study::store::Id;
use uaic_study::store::remote::{Hello, PROTOCOL, ReadCall, RemoveCall, WriteCall};

use super::app::Api;
use super::right::{Plain, Right};
use axum::routing::{get, post, put};
use message::{Refusal, answered, packed, read_call};

/// Bytes of a question.
const MOST_ASKED: usize = 1 << 20;
/// Bytes of a write.
const MOST_WRITTEN: usize = 32 << 20;
/// The header with the key of a write.
const KEY: &str = "idempotency-key";

/// The routes, and what each needs.
pub(super) fn routes() -> Vec<Plain> {
    vec![
        Plain { method: "GET", path: "/api/v1/store", right: Right::Read, router: get(hello) },
        Plain { method: "POST", path: "/api/v1/store/read", right: Right::Read, router: post(read) },
        Plain { method: "POST", path: "/api/v1/store/write", right: Right::Write, router: post(write) },
        Plain { method: "POST", path: "/api/v1/store/remove", right: Right::Admin, router: post(remove) },
        Plain {
            method: "GET",
            path: "/api/v1/store/artifact",
            right: Right::Read,
            router: get(artifact::give),
        },
        Plain {
            method: "PUT",
            path: "/api/v1/store/artifact",
            right: Right::Write,
            router: put(artifact::take),
        },
    ]
}

async fn hello() -> axum::Json<Hello> {
    axum::Json(Hello {
        program: "uaic".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL,
    })
}

async fn read(State(app): State<Arc<Api>>, request: Request) -> Response {
    answered(async {
        let call: ReadCall = read_call(request.into_body(), MOST_ASKED).await?;
        Ok(app.work(move |app| answer::to_read(&*app.store, &call)).await??)
    })
    .await
}

async fn write(State(app): State<Arc<Api>>, headers: HeaderMap, request: Request) -> Response {
    answered(async {
        let key = key(&headers)?;
        let call: WriteCall = read_call(request.into_body(), MOST_WRITTEN).await?;
        Ok(app.work(move |app| packed(&app.store.write_once(key, call)?)).await??)
    })
    .await
}

async fn remove(State(app): State<Arc<Api>>, request: Request) -> Response {
    answered(async {
        let call: RemoveCall = read_call(request.into_body(), MOST_ASKED).await?;
        let work = move |app: &Api| match call {
            RemoveCall::DeleteRun(run) => {
                app.store.delete_run(run)?;
                packed(&())
            }
            RemoveCall::Sweep(sweep) => packed(&app.store.sweep(&sweep)?),
        };
        Ok(app.work(work).await??)
    })
    .await
}

/// The key of a write, so that one that comes again is not done again.
fn key(headers: &HeaderMap) -> Result<Id, Refusal> {
    let text = headers.get(KEY).and_then(|value| value.to_str().ok());
    text.and_then(Id::parse)
        .ok_or_else(|| Refusal::bad(format!("the header `{KEY}` has to be 32 hexadecimal digits")))
}
