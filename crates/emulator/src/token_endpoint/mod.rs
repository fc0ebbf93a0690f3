//! The auth host: one token endpoint per provider, each as strict as the provider.
//!
//! What all four have in common is in `handler.rs`; each provider's own rules are in the files with its name. GoTo takes
//! tokens back and gives device codes beside it.

mod gbg_go;
mod gotab;
mod goto;
mod goto_code;
mod goto_device;
mod goto_revocation;
mod handler;
mod octotable;
mod outcome;
mod paths;
mod request;

pub(crate) use handler::{answer, authorize_device, refuse_unmet, revoke};
pub(crate) use paths::{Variant, is_token_path, token_path};
pub(crate) use request::media_type;
