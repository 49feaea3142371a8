//! What Prometheus is told.
#![allow(missing_docs, clippy::all, clippy::pedantic)]
use std::sync::Arc;
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Live,
    Canary,
    Shadow,
}
impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Canary => "canary",
            Self::Shadow => "shadow",
        }
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejection {
    QueueFull,
    Deadline,
    Draining,
    NotReady,
    TooLarge,
    UnsupportedType,
    Malformed,
    Invalid,
    Panic,
}
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelIdentity {
    pub model: Arc<str>,
    pub version: Arc<str>,
    pub role: Role,
    pub digest: String,
    pub architecture: String,
}
pub struct Observed {
    pub label: usize,
    pub confidence: f64,
    pub out_of_scope: Option<bool>,
    pub words: u32,
    pub unknown_words: u32,
}
pub struct Metrics;
pub struct ModelMetrics;
impl Metrics {
    pub fn new(_: &[&'static str]) -> Self {
        Self
    }
    pub fn model(&self, _: &ModelIdentity, _: &[String]) -> Arc<ModelMetrics> {
        Arc::new(ModelMetrics)
    }
    pub fn retire(&self, _: &ModelIdentity) {}
    pub fn request(&self, _: &'static str, _: &str, _: u16, _: f64) {}
    pub fn rejected(&self, _: Rejection) {}
    pub fn swap(&self, _: &str, _: bool) {}
    pub fn canary_share(&self, _: &str, _: f64) {}
    pub fn set_ready(&self, _: bool) {}
    pub fn encode(&self) -> String {
        String::new()
    }
}
impl ModelMetrics {
    pub fn observe_batch(&self, _: usize, _: impl Iterator<Item = f64>, _: f64) {}
    pub fn observe_answer(&self, _: &Observed) {}
}
impl Metrics {
    pub fn in_flight(&self) {}
    pub fn shadow_compared(&self, _: &str, _: bool) {}
    pub fn shadow_dropped(&self, _: &str, _: u64) {}
    pub fn feedback(&self, _: &str, _: &str, _: bool) {}
}
impl Metrics {
    pub fn connection(&self) {}
    pub fn connection_refused(&self, _: &'static str) {}
}
