//! A request generator: how a server does under load, measured honestly.
