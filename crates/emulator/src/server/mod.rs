//! The sockets: one listener per host of a site, its connections, and their end.

mod connection;
mod listener;

pub(crate) use listener::Listener;
