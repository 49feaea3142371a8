//! The real client.

use super::http::Served;

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with mlflow")]
fn the_client_of_mlflow_records_and_finds() {
    let served = Served::start();
    let python = std::env::var_os("UAIC_TEST_PYTHON").expect("UAIC_TEST_PYTHON names a Python interpreter");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/tracking.py");
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(python)
        .arg(script)
        .arg(format!("http://{}", served.address))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{told}", String::from_utf8_lossy(&output.stdout));
}
