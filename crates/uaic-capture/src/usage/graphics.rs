//! Use of NVIDIA's graphics processors, where there are some.

use nvml_wrapper::Nvml;

/// The processors of this machine.
#[derive(Debug)]
pub(super) struct Graphics {
    library: Option<Nvml>,
}

impl Graphics {
    /// Finds the library, which comes with the driver.
    pub(super) fn new() -> Self {
        Self { library: Nvml::init().ok() }
    }

    /// Names and values of what is used now.
    pub(super) fn look(&self) -> Vec<(String, f64)> {
        let Some(library) = &self.library else { return vec![] };
        let mut values = vec![];
        for at in 0..library.device_count().unwrap_or(0) {
            let Ok(device) = library.device_by_index(at) else { continue };
            let mut add = |name: &str, value: f64| values.push((format!("gpu.{at}.{name}"), value));
            if let Ok(rates) = device.utilization_rates() {
                add("percent", f64::from(rates.gpu));
            }
            if let Ok(memory) = device.memory_info() {
                add("memory_bytes", memory.used as f64);
            }
            if let Ok(milliwatts) = device.power_usage() {
                add("watts", f64::from(milliwatts) / 1000.0);
            }
        }
        values
    }
}
