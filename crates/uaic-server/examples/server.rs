//! A server on a store: `cargo run -p uaic-server --example server -- STORE PORT`.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use uaic_server::access::Settings;
use uaic_server::{ConnectionLimits, Listen, Server, Setup};
use uaic_store::SqliteStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, port] = arguments.as_slice() else {
        return Err("usage: server STORE PORT".into());
    };
    let store = Arc::new(SqliteStore::open(Path::new(folder))?);
    let access = Settings::of(folder);
    let listen = Listen::Tcp(format!("127.0.0.1:{port}"));
    let limits = ConnectionLimits::default();
    let server = Server::start(Setup { store, desk: None, listen, limits, access }).await?;
    if let Some(address) = server.address() {
        writeln!(std::io::stderr(), "listening on http://{address}")?;
    }
    tokio::signal::ctrl_c().await?;
    server.stop().await;
    Ok(())
}
