//! What was asked and answered: a database of its own, written by a thread that nobody waits for.
