//! A server on a store: `cargo run -p uaic-server --example server -- STORE PORT`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use uaic_server::{Server, Setup};
use uaic_store::SqliteStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, port] = arguments.as_slice() else {
        return Err("usage: server STORE PORT".into());
    };
    let store = Arc::new(SqliteStore::open(Path::new(folder))?);
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse()?));
    let server = Server::start(Setup { store, listen }).await?;
    eprintln!("listening on http://{}", server.address());
    tokio::signal::ctrl_c().await?;
    server.stop().await;
    Ok(())
}
