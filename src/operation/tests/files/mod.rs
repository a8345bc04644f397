//! Tests that state facts of file systems: links, modes, times, the state directory.

mod links;
mod metadata;
mod state;
