//! Optuna's storage protocol, as its `GrpcStorageProxy` speaks it: the programs of a team keep their
//! studies here, and these are studies of ours.
//!
//! Unary gRPC is a request of HTTP/2 with a prefix of five bytes and a reply with its status behind it, so
//! it is a route like any other. Nothing is kept in memory: the store answers what is asked ten times a
//! trial in microseconds, and is right whatever other processes write to it.

mod answer;
mod attribute;
mod call;
mod frame;
mod message;
mod status;
mod study;
mod time;
mod trial;

use std::sync::Arc;

use crate::access::{Declared, Need};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::post;
use uaic_study::store::OptunaStore;

use call::Call;
use status::{Code, Status};

/// Where the calls are, one behind another.
const CALLS: &str = "/optuna.StorageService/{call}";

/// What each call needs; one that is not known is one that may write.
pub(crate) fn declared() -> Vec<Declared> {
    let declare = |call: &str, need| {
        let path = CALLS.replace("{call}", call);
        Declared { method: "POST", path, need, is_scoped: false }
    };
    let reading = call::READING.iter().map(|call| declare(call, Need::Read));
    reading.chain([declare("{call}", Need::Write)]).collect()
}

/// The routes of the protocol.
pub fn router(store: Arc<dyn OptunaStore>) -> Router {
    Router::new().route(CALLS, post(serve)).with_state(store)
}

async fn serve(
    State(store): State<Arc<dyn OptunaStore>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    if !frame::is_grpc(&request) {
        return frame::no_grpc();
    }
    frame::reply(answer(store, &name, request).await)
}

async fn answer(store: Arc<dyn OptunaStore>, name: &str, request: Request) -> Result<Vec<u8>, Status> {
    let call = call::named(name)
        .ok_or_else(|| Status::new(Code::Unimplemented, format!("there is no call `{name}`")))?;
    let message = frame::message(request).await?;
    match call.with(&message) {
        Call::Short(look) => look(&*store, &message),
        Call::Write(write) => write(&*store, &message)?.await,
        Call::Long(look) | Call::Either(look, _) => {
            let done = tokio::task::spawn_blocking(move || look(&*store, &message)).await;
            let failed =
                || Status::new(Code::Internal, "the call has failed; the log of the server says why");
            done.unwrap_or_else(|_| Err(failed()))
        }
    }
}
