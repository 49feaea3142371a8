//! The real client.

use super::http::Served;

/// Runs a script against a server of its own, which has to end well and to warn of nothing.
fn run(script: &str) {
    let served = Served::start();
    let python = std::env::var_os("UAIC_TEST_PYTHON").expect("UAIC_TEST_PYTHON names a Python interpreter");
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(python)
        .arg(format!("{}/tests/integration/{script}", env!("CARGO_MANIFEST_DIR")))
        .arg(format!("http://{}", served.address))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{told}", String::from_utf8_lossy(&output.stdout));
}

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with mlflow")]
fn the_client_of_mlflow_records_and_finds() {
    run("tracking.py");
}

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with mlflow")]
fn the_client_of_mlflow_registers_models_and_traces() {
    run("models.py");
}
