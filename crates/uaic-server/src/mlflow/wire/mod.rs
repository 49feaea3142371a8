//! What goes over the wire: fields of requests as protobuf writes them in JSON or in a query, answers, and
//! errors.

mod answer;
mod fields;
mod float;
mod place;
mod problem;
mod query;
mod request;

pub(super) use answer::Answer;
pub(super) use fields::Fields;
pub(super) use float::Float;
pub(super) use problem::{Code, Problem};
pub(super) use request::{Parts, of_body, of_query, read};
