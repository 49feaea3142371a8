//! Tells the tests what is at hand, so that those that need real data or Python are reported as
//! ignored, not as passed, where it is not.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for (variable, condition) in
        [("UAIC_TEST_DATA", "uaic_test_data"), ("UAIC_TEST_PYTHON", "uaic_test_python")]
    {
        println!("cargo::rerun-if-env-changed={variable}");
        if std::env::var_os(variable).is_some_and(|value| !value.is_empty()) {
            println!("cargo::rustc-cfg={condition}");
        }
    }
}
