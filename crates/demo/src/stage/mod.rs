//! The stage of the acts: a client, the provider that it calls, and their shared clock.

mod account;
mod actor;
mod sockets;
mod tally;
mod time;
mod wait;
mod wave;

pub(crate) use account::{Account, Seen};
pub(crate) use actor::Actor;
pub(crate) use sockets::make_room;
pub(crate) use tally::Tally;
pub(crate) use time::Time;
pub(crate) use wait::until;
