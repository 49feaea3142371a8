//! Whether what is asked still looks like what a model was calibrated on.
#![allow(missing_docs)]
pub struct DriftMonitor;
impl DriftMonitor {
    pub fn observe(&self, _: &super::metrics::Observed) {}
}
