//! The machine that something runs on.

use uaic_platform::process;

use crate::recorder::Facts;

/// Facts about this machine that are known at once: `os`, `host`, `cpu`, `cores`, `memory_bytes`.
pub fn machine() -> Facts {
    let mut facts = Facts::new();
    let mut add = |name: &str, value: String| facts.insert(name.to_owned(), value);
    add("os", format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH));
    add("host", process::host_name());
    add("cpu", process::cpu_model());
    add("cores", process::cores().to_string());
    if let Some(bytes) = memory() {
        add("memory_bytes", bytes.to_string());
    }
    facts
}

/// The memory of this machine in bytes, as far as the system tells.
fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(kilobytes.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Facts about the graphics processors of this machine; none where there are none.
#[cfg(target_os = "linux")]
pub(super) fn graphics() -> Facts {
    let mut facts = Facts::new();
    // Without the library there is no processor of this kind.
    let Ok(nvml) = nvml_wrapper::Nvml::init() else { return facts };
    if let Ok(version) = nvml.sys_driver_version() {
        facts.insert("gpu.driver".to_owned(), version);
    }
    let count = nvml.device_count().unwrap_or(0);
    facts.insert("gpu.count".to_owned(), count.to_string());
    for (at, device) in (0..count).filter_map(|at| Some((at, nvml.device_by_index(at).ok()?))) {
        if let Ok(name) = device.name() {
            facts.insert(format!("gpu.{at}.name"), name);
        }
        if let Ok(memory) = device.memory_info() {
            facts.insert(format!("gpu.{at}.memory_bytes"), memory.total.to_string());
        }
    }
    facts
}

#[cfg(not(target_os = "linux"))]
pub(super) fn graphics() -> Facts {
    Facts::new()
}
