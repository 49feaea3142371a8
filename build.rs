//! Tells the tests whether real data is at hand, so that those that need it are reported as
//! ignored, not as passed, when it is not.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=UAIC_TEST_DATA");
    if std::env::var_os("UAIC_TEST_DATA").is_some_and(|dir| !dir.is_empty()) {
        println!("cargo::rustc-cfg=uaic_test_data");
    }
}
