//! Records that the tools themselves wrote: those in `golden/`, and fresh ones where Python is at hand.

mod collected;
mod golden;
mod growing;
mod mutated;
