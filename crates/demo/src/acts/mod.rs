//! The acts, one file for each.

mod act;
mod early_renewal;
mod first_token;
mod outage;
mod revoked;
mod rotated;
mod scene;

pub(crate) use act::Act;
