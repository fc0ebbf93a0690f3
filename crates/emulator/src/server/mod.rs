//! The sockets: one listener for each host of a site, and its connections.

mod connection;
mod listener;

pub(crate) use listener::Listener;
