//! Pages, figures and findings, in one program: each program of its own would be linked with all of the report's libraries.

mod analysis;
mod export;
mod findings;
mod invalid_input;
mod page;
mod pairing;
#[path = "../synthetic/mod.rs"]
mod synthetic;
