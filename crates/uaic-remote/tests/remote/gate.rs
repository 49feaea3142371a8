//! What stands between a client and its server, and breaks connections.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What is done to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// It is read to its head and thrown away with the connection.
    LoseAnswer,
    /// The connection ends after so many bytes of answers.
    CutAfter(u64),
    /// The connection ends before anything is sent.
    Refuse,
}

#[derive(Default)]
struct State {
    all: Option<Fault>,
    every_other: Option<Fault>,
    connections: u64,
}

pub(crate) struct Gate {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    lost: Arc<AtomicU64>,
}

impl Gate {
    pub(crate) fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state: Arc<Mutex<State>> = Arc::default();
        let lost: Arc<AtomicU64> = Arc::default();
        let (own, counted) = (Arc::clone(&state), Arc::clone(&lost));
        std::thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let (own, counted) = (Arc::clone(&own), Arc::clone(&counted));
                std::thread::spawn(move || pass(client, server, &own, &counted));
            }
        });
        Self { address, state, lost }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What happens to each second answer.
    pub(crate) fn every_other(&self, fault: Fault) {
        self.state.lock().unwrap().every_other = Some(fault);
    }

    /// What happens to all.
    pub(crate) fn all(&self, fault: Fault) {
        let mut state = self.state.lock().unwrap();
        state.all = Some(fault).filter(|fault| *fault != Fault::None);
        state.every_other = None;
    }

    /// How many answers did not arrive.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::SeqCst)
    }
}

fn pass(mut client: TcpStream, server: SocketAddr, state: &Mutex<State>, lost: &AtomicU64) {
    let mut server = TcpStream::connect(server).unwrap();
    let (mut upward, mut onward) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok(count) = upward.read(&mut buffer) {
            if count == 0 || onward.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = onward.shutdown(Shutdown::Write);
    });
    let mut buffer = vec![0; 65536];
    let mut passed = 0;
    while let Ok(count) = server.read(&mut buffer) {
        if count == 0 {
            break;
        }
        let fault = {
            let mut state = state.lock().unwrap();
            // Answers are counted by their heads.
            if buffer.starts_with(b"HTTP/1.1 ") {
                state.connections += 1;
            }
            let other = state.every_other.filter(|_| state.connections.is_multiple_of(2));
            state.all.or(other).unwrap_or(Fault::None)
        };
        passed += count as u64;
        let ends = match fault {
            Fault::None => false,
            Fault::LoseAnswer | Fault::Refuse => true,
            Fault::CutAfter(most) => passed > most,
        };
        if ends {
            lost.fetch_add(1, Ordering::SeqCst);
            break;
        }
        if client.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
