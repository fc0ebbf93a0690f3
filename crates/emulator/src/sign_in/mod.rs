//! The pages and metadata that the auth host serves to people and their browsers.
//!
//! Each provider's own rules are in the file with its name. A pending sign-in exists only in the hidden fields of its
//! page, so every field that comes back is checked again.

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
