//! Errors, as clients of MLflow read them.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// What went wrong, by MLflow's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mlflow) enum Code {
    InvalidParameterValue,
    BadRequest,
    Unprocessable,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
    EndpointNotFound,
    MethodNotAllowed,
    InternalError,
    NotImplemented,
    TemporarilyUnavailable,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::InvalidParameterValue | Self::Unprocessable => "INVALID_PARAMETER_VALUE",
            Self::BadRequest => "BAD_REQUEST",
            Self::ResourceAlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Self::ResourceDoesNotExist => "RESOURCE_DOES_NOT_EXIST",
            Self::EndpointNotFound | Self::MethodNotAllowed => "ENDPOINT_NOT_FOUND",
            Self::InternalError => "INTERNAL_ERROR",
            Self::NotImplemented => "NOT_IMPLEMENTED",
            Self::TemporarilyUnavailable => "TEMPORARILY_UNAVAILABLE",
        }
    }

    /// Never 5xx for what a user did: clients repeat those for minutes.
    fn status(self) -> StatusCode {
        match self {
            Self::InvalidParameterValue | Self::BadRequest | Self::ResourceAlreadyExists => {
                StatusCode::BAD_REQUEST
            }
            Self::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::ResourceDoesNotExist | Self::EndpointNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Why a request is not answered as it hoped.
#[derive(Debug)]
pub(in crate::mlflow) struct Problem {
    pub(in crate::mlflow) code: Code,
    pub(in crate::mlflow) message: String,
}

impl Problem {
    pub(in crate::mlflow) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A value that cannot be meant.
    pub(in crate::mlflow) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameterValue, message)
    }

    /// What is not there.
    pub(in crate::mlflow) fn missing(message: impl Into<String>) -> Self {
        Self::new(Code::ResourceDoesNotExist, message)
    }

    /// A route that is not there.
    pub(in crate::mlflow) fn nowhere(method: &str, path: &str) -> Self {
        Self::new(Code::EndpointNotFound, format!("there is no endpoint {method} {path}"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if self.code == Code::InternalError {
            tracing::error!(target: "uaic::server", "{}", self.message);
        }
        let body = json!({"error_code": self.code.name(), "message": self.message}).to_string();
        (self.code.status(), [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}
