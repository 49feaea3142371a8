//! A server of Optuna's protocol alone on a store: `cargo run -p uaic-server --example optuna -- STORE PORT`.

use std::path::Path;
use std::sync::Arc;

use axum::serve::ListenerExt;
use uaic_store::SqliteStore;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, port] = arguments.as_slice() else {
        return Err("usage: optuna STORE PORT".into());
    };
    let store = Arc::new(SqliteStore::open(Path::new(folder))?);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    // Without delay: an answer is several small frames.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, uaic_server::optuna::router(store)).await?;
    Ok(())
}
