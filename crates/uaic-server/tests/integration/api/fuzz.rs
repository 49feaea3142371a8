//! A fuzzer that knows the interface from nothing but its own description.

use serde_json::json;
use uaic_study::store::{RunEnd, Store};

use super::{point, start, study};

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with schemathesis")]
fn every_answer_is_one_that_the_description_promises() {
    let served = super::workers::served();
    let run = start(&served, "a");
    served.store.log_metrics(run, &[point("loss", 0, 0.5), point("loss", 1, f64::NAN)]).unwrap();
    served.store.put_artifact(run, "log.txt", b"text").unwrap();
    served.store.finish_run(run, &RunEnd::complete([])).unwrap();
    served.store.register_model("intents", run.run, "").unwrap();
    let study = study(&served);
    let settings = format!(
        "{}\n[dictionaries]\nruns = {{ values = [\"{}\"] }}\nstudies = {{ values = [\"{study}\"] }}\n{}",
        include_str!("schemathesis.toml"),
        run.run,
        "models = { values = [\"intents\"] }\nkeys = { values = [\"loss\"] }\nartifacts = { values = [\"log.txt\"] }\n",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schemathesis.toml");
    std::fs::write(&path, settings).unwrap();
    let python = std::env::var_os("UAIC_TEST_PYTHON").expect("UAIC_TEST_PYTHON names a Python interpreter");
    let output = std::process::Command::new(python)
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(&path)
        .args(["run", &format!("http://{}/api/v1/openapi.json", served.address)])
        // It has no end.
        .args(["--exclude-path", "/api/v1/changes/stream"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    // The server is as well as before.
    assert_eq!(super::get(&served, "runs?limit=1")["columns"], json!([]));
}
