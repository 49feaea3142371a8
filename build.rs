//! Tells the tests what is at hand, so that those that need real data, Python, a browser or Prometheus are
//! reported as ignored, not as passed, where it is not. Where `CI=true` says that everything has to
//! be there, only data may be missing: what needs the rest runs, and fails.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for variable in ["UAIC_TEST_DATA", "UAIC_TEST_PYTHON", "UAIC_TEST_CHROMIUM", "CI", "PATH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let in_ci = env::var("CI").is_ok_and(|value| value == "true");
    let has_chromium = names("UAIC_TEST_CHROMIUM") || is_on_path("chromium");
    for (is_there, condition) in [
        (names("UAIC_TEST_DATA"), "uaic_test_data"),
        (in_ci || names("UAIC_TEST_PYTHON"), "uaic_test_python"),
        (in_ci || has_chromium, "uaic_test_chromium"),
        (in_ci || is_on_path("prometheus"), "uaic_test_prometheus"),
    ] {
        if is_there {
            println!("cargo::rustc-cfg={condition}");
        }
    }
}

fn names(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn is_on_path(program: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}
