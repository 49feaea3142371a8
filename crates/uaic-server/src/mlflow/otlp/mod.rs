//! Spans as OpenTelemetry sends them: `/v1/traces`, protobuf or JSON, plain or compressed.

mod binary;
mod endpoint;
mod inflate;
mod message;
mod span;
mod textual;
mod value;

use super::route::{Effect, Route};

/// Routes at the root, without a mirror.
pub(super) const ROOT: &[Route] = &[Route::stream("POST", "/v1/traces", Effect::Write, endpoint::take)];
