//! The error bodies of each provider.

mod complain;
mod gbg_go;
mod gotab;
mod goto;
mod octotable;
mod problem;
mod status;
mod token_error;

pub(crate) use complain::complain;
pub(crate) use gbg_go::error as gbg_go_error;
pub(crate) use gotab::{envelope_error as gotab_envelope_error, refused_fields as gotab_refused_fields};
pub(crate) use goto::error as goto_error;
pub(crate) use octotable::error as octotable_error;
pub(crate) use problem::{Problem, Scene};
pub(crate) use token_error::token_error;
