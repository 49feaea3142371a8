//! A request generator: how a server does under load, measured honestly.
//!
//! A *closed loop* has a number of connections, each of which sends its next request when its last is
//! answered. A server that stalls is then asked less while it stalls, so that its stalls hardly show
//! (coordinated omission, G. Tene). An *open loop* has times at which requests are due, whatever the
//! server does; a request is measured from when it was due, and waits where no connection is free.
//!
//! ```text
//! target, request ─► plan ─► run ─┬─ thread ─┬─ connection ─► answer
//!                                 │          └─ schedule, timer
//!                                 └─► tally (latencies, statuses, errors)
//! ```

mod answer;
mod connection;
mod errors;
mod latencies;
mod plan;
mod request;
mod run;
mod schedule;
mod tally;
mod target;
mod timer;

pub use errors::{ErrorClass, LoadError};
pub use latencies::{Bucket, ERROR_BOUND, Latencies};
pub use plan::{End, Pace, Plan};
pub use request::{Header, HeaderError, Method, RequestHead};
pub use run::{Outcome, Progress, run};
pub use tally::Tally;
pub use target::{Target, TargetError};
