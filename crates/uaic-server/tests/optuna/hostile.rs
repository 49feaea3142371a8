//! Requests that no program of Optuna makes.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;
use uaic_store::SqliteStore;

const CALLS: [&str; 19] = [
    "CreateNewStudy",
    "DeleteStudy",
    "GetAllStudies",
    "GetStudyIdFromName",
    "GetStudyNameFromId",
    "GetStudyDirections",
    "GetStudyUserAttributes",
    "GetStudySystemAttributes",
    "SetStudyUserAttribute",
    "SetStudySystemAttribute",
    "CreateNewTrial",
    "SetTrialParameter",
    "SetTrialIntermediateValue",
    "SetTrialStateValues",
    "SetTrialUserAttribute",
    "SetTrialSystemAttribute",
    "GetTrial",
    "GetTrials",
    "GetTrialIdFromStudyIdTrialNumber",
];

fn router(folder: &Path) -> Router {
    uaic_server::optuna::router(Arc::new(SqliteStore::open(folder).unwrap()))
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], message].concat()
}

/// What a request is answered: the status of gRPC, and the message.
async fn ask(router: &Router, call: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
    let request = Request::post(format!("/optuna.StorageService/{call}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::from(body))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{call}");
    assert_eq!(response.headers()["content-type"], "application/grpc");
    let alone = code(response.headers());
    let collected = response.into_body().collect().await.unwrap();
    let code = alone.or_else(|| collected.trailers().and_then(code)).expect("a status");
    (code, collected.to_bytes().to_vec())
}

fn code(headers: &HeaderMap) -> Option<u16> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// Numbers of a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

#[tokio::test]
async fn bytes_of_any_kind_have_a_status_and_harm_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let router = router(folder.path());
    let (code, made) = ask(&router, "CreateNewStudy", framed(b"\x0a\x01\x00\x12\x01x")).await;
    assert_eq!((code, made.as_slice()), (0, &[0, 0, 0, 0, 2, 8, 1][..]));
    assert_eq!(ask(&router, "CreateNewTrial", framed(b"\x08\x01\x18\x01")).await.0, 0);
    let mut dice = Dice(7);
    let mut seen = [0_u32; 17];
    for at in 0..6000 {
        let call = CALLS[at % CALLS.len()];
        let long = dice.roll() % 40;
        // Small numbers are keys, lengths and ids that mean something.
        let byte = |dice: &mut Dice| if dice.roll().is_multiple_of(3) { dice.roll() } else { dice.roll() % 32 } as u8;
        let message: Vec<u8> = (0..long).map(|_| byte(&mut dice)).collect();
        let body = if dice.roll().is_multiple_of(8) { message } else { framed(&message) };
        let (code, _) = ask(&router, call, body).await;
        seen[usize::from(code)] += 1;
    }
    assert!(seen[3] > 1000 && seen[13] > 100, "{seen:?}");
    let harmed: u32 = seen
        .iter()
        .enumerate()
        .filter(|(code, _)| ![0, 3, 5, 6, 9, 12, 13].contains(code))
        .map(|(_, count)| count)
        .sum();
    assert_eq!(harmed, 0, "{seen:?}");
    let (code, studies) = ask(&router, "GetAllStudies", framed(&[])).await;
    assert!(code == 0 && studies.len() > 5);
}

#[tokio::test]
async fn frames_that_lie_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let router = router(folder.path());
    for (body, code) in [
        (vec![], 13),
        (vec![0, 0, 0, 0], 13),
        (vec![0, 0xff, 0xff, 0xff, 0xff], 13),
        (vec![0, 0, 0, 0, 1], 13),
        (vec![0, 0, 0, 0, 0, 0], 13),
        (vec![1, 0, 0, 0, 0], 12),
        (framed(&[]), 0),
    ] {
        assert_eq!(ask(&router, "GetAllStudies", body.clone()).await.0, code, "{body:?}");
    }
    assert_eq!(ask(&router, "GetAllStudios", framed(&[])).await.0, 12);
    let (code, _) = ask(&router, "CreateNewStudy", vec![0; (64 << 20) + 6]).await;
    assert_eq!(code, 8, "longer than anybody needs");
    assert_eq!(ask(&router, "CreateNewStudy", framed(b"\x12\x01x")).await.0, 3, "no direction");
    assert_eq!(
        ask(&router, "CreateNewStudy", framed(b"\x0a\x01\x00\x12\x02\xff\xff")).await.0,
        3,
        "no UTF-8"
    );
}

#[tokio::test]
async fn what_is_no_grpc_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let router = router(folder.path());
    for kind in ["application/json", "application/grpc-web", "text/plain"] {
        let request = Request::post("/optuna.StorageService/GetAllStudies")
            .header("content-type", kind)
            .body(Body::from(framed(&[])))
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    let request = Request::get("/optuna.StorageService/GetAllStudies").body(Body::empty()).unwrap();
    assert_eq!(router.oneshot(request).await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
}
