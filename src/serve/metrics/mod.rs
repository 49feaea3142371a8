//! What Prometheus is told.
