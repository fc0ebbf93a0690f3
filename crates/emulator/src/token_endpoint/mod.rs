//! The auth host: one token endpoint per provider, each as strict as the provider.
//!
//! What all four have in common is in `handler.rs`; each provider's own rules are in the file with its name.

mod gbg_go;
mod gotab;
mod goto;
mod handler;
mod octotable;
mod outcome;
mod paths;
mod request;

pub(crate) use handler::answer;
pub(crate) use paths::{Variant, token_path};
pub(crate) use request::media_type;
