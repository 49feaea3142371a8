//! Tells the tests whether Python is at hand, as the build script of the root package does.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for variable in ["UAIC_TEST_PYTHON", "CI"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let in_ci = env::var("CI").is_ok_and(|value| value == "true");
    if in_ci || env::var_os("UAIC_TEST_PYTHON").is_some_and(|value| !value.is_empty()) {
        println!("cargo::rustc-cfg=uaic_test_python");
    }
}
