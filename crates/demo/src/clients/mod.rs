//! The four typed clients: how each is made, what it reads, and its journey through every operation.

mod client;
mod gbg_go;
mod gotab;
mod goto;
mod octotable;

pub(crate) use client::{Client, Variables};
pub(crate) use gotab::locations;
