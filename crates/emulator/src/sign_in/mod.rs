//! What the auth host serves to people and their browsers: sign-in pages, and the metadata that leads to them.
//!
//! Each provider's own rules are in the file with its name. A pending sign-in is kept in the hidden fields of its page, and
//! what comes back is checked as if it had never been.

mod ending;
mod fields;
mod gotab;
mod goto;
mod goto_device;
mod handler;
mod metadata;
mod page;
mod paths;
mod redirect;

pub use ending::ErrorPage;
pub(crate) use handler::{answer, click};
pub(crate) use paths::{
    AUTHORIZE, DEVICE, MANAGER, REVOCATION, VERIFICATION, half, operation_id, takes_credentials,
};
