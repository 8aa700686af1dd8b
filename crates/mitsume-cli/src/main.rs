//! The `mitsume` command.

fn main() {}
