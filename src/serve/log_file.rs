//! Log files of a bounded size, written by a thread of their own.
