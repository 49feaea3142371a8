//! The server, used by real programs: a browser that opens its pages, and a fuzzer that knows its
//! API from nothing but its own description.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::server::{RunningServer, server};

/// Python as the tests have it, in a folder where it may leave what it likes.
fn python(folder: &Path) -> Command {
    let python = std::env::var_os("UAIC_TEST_PYTHON").expect("UAIC_TEST_PYTHON names a Python interpreter");
    let mut command = Command::new(python);
    command.current_dir(folder);
    command
}

#[track_caller]
fn succeeds(output: &Output, server: &RunningServer) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}\nthe server said:\n{}", server.stderr());
}

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

#[test]
#[cfg_attr(not(all(uaic_test_python, uaic_test_chromium)), ignore = "needs UAIC_TEST_PYTHON and Chromium")]
fn the_pages_work_in_a_real_browser() {
    let server = server();
    // The pictures stay in target/tmp/pages, to be looked at.
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    let visit =
        [fixture("browser/visit.py").into(), server.url.clone().into(), pictures.clone().into_os_string()];
    let output = python(&server.dir.join("")).args(visit).output().unwrap();
    succeeds(&output, &server);
    for name in ["page", "page-dark", "page-phone", "apidocs", "apidocs-tried"] {
        let size = std::fs::metadata(pictures.join(format!("{name}.png"))).unwrap().len();
        assert!(size > 20_000, "{name} has {size} bytes");
    }
}

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with schemathesis")]
fn every_answer_is_one_that_the_description_promises() {
    let server = server();
    let output = python(&server.dir.join(""))
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(fixture("fixtures/openapi/schemathesis.toml"))
        .args(["run", &format!("{}/openapi.json", server.url)])
        .output()
        .unwrap();
    succeeds(&output, &server);
}
