//! A running `uaic serve`, and the plainest of HTTP clients.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::TestDir;
use super::small_study::project;

/// The token of the admin routes.
pub(crate) const TOKEN: &str = "a-token-for-tests-0123456789";

/// A server of its own, which ends with the test.
pub(crate) struct RunningServer {
    process: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
    /// The address of the admin routes, where it has them.
    pub(crate) admin: Option<String>,
    pub(crate) dir: TestDir,
}

/// A folder with a small model, which is version 1 of `flights`, and its package `flights.uaic`.
pub(crate) fn small_model() -> TestDir {
    let (dir, _) = project();
    dir.run("model register @ flights").ok();
    dir.run("export @ --out flights.uaic").ok();
    dir
}

/// Serves a small model as version 1 of `flights`.
pub(crate) fn server() -> RunningServer {
    RunningServer::start(small_model(), "flights@1")
}

impl RunningServer {
    /// `uaic serve` with these blank-separated arguments, once it takes requests.
    pub(crate) fn start(dir: TestDir, arguments: &str) -> Self {
        let has_admin = arguments.contains("--admin 127");
        let said = File::create(dir.join("stderr")).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_uaic"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments.split_whitespace())
            .current_dir(dir.join(""))
            .env("UAIC_STORE", dir.join("runs"))
            .env("UAIC_ADMIN_TOKEN", TOKEN)
            .env_remove("UAIC_LOG")
            .stdout(Stdio::piped())
            .stderr(said)
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let mut server = Self { process, url: url.trim().to_owned(), admin: None, dir };
        assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.stderr());
        if has_admin {
            let said = server.stderr();
            let (_, rest) = said.split_once("admin routes on http://").unwrap();
            server.admin = rest.split('/').next().map(str::to_owned);
        }
        server
    }

    pub(crate) fn stderr(&self) -> String {
        self.dir.read("stderr")
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        request(self.address(), "GET", path, &[], b"")
    }

    /// Posts JSON.
    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        request(self.address(), "POST", path, &[("content-type", "application/json")], body.as_bytes())
    }

    /// A request to the admin routes, with the token.
    pub(crate) fn admin(&self, method: &str, path: &str, body: &str) -> Reply {
        let bearer = format!("Bearer {TOKEN}");
        let address = self.admin.as_deref().unwrap();
        request(address, method, path, &[("authorization", &bearer)], body.as_bytes())
    }

    /// The value of a series, such as `uaic_ready` or `x_total{a="b"}`; 0 when it is not there.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let text = self.get("/metrics").text();
        let line =
            text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ').map(str::to_owned));
        line.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    pub(crate) fn signal(&self, name: &str) {
        let done = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(done.unwrap().success());
    }

    /// How it ended, when it has been told to.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "it does not end: {}", self.stderr());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Resident memory in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        // Nothing is left to be done about a process that has ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Waits for something that comes soon.
#[track_caller]
pub(crate) fn eventually(what: &str, is_there: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_there() {
        assert!(start.elapsed() < Duration::from_secs(30), "it does not come: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a server answers.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The JSON of a reply that must be good.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text());
        self.json()
    }
}

/// One request on a connection of its own.
pub(crate) fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut connection = Connection::open(address);
    connection.send(method, path, headers, body);
    connection.read().expect("an answer")
}

/// A connection that is kept.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head += name;
            head += ": ";
            head += value;
            head += "\r\n";
        }
        head.push_str("\r\n");
        self.write(&[head.as_bytes(), body].concat());
    }

    fn read_chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).ok()?;
            let mut chunk = vec![0; usize::from_str_radix(line.trim(), 16).ok()? + 2];
            self.stream.read_exact(&mut chunk).ok()?;
            if chunk.len() == 2 {
                return Some(body);
            }
            body.extend_from_slice(&chunk[..chunk.len() - 2]);
        }
    }

    /// Sends whatever it is; a server that has closed already shows when its answer is read.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes);
    }

    /// Says that nothing more will be sent.
    pub(crate) fn finish(&mut self) {
        let _ = self.stream.get_mut().shutdown(std::net::Shutdown::Write);
    }

    /// The next reply; `None` when the server closes without one.
    pub(crate) fn read(&mut self) -> Option<Reply> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut reply = Reply { status, headers, body: Vec::new() };
        if reply.header("transfer-encoding") == Some("chunked") {
            reply.body = self.read_chunks()?;
            return Some(reply);
        }
        let length = reply.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        reply.body.resize(length, 0);
        self.stream.read_exact(&mut reply.body).ok()?;
        Some(reply)
    }
}
