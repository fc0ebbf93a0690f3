//! The auth host: one token endpoint for each provider, as strict as the real one.
//!
//! The common part is in `handler.rs`. Each provider's own rules are in the files with its name. GoTo also revokes
//! tokens and issues device codes.

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
