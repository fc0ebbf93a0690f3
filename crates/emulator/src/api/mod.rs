//! The API host: it finds the operation, checks the token and the required parts, and calls the world.

mod bearer;
mod call_check;
mod handler;
mod manners;

pub(crate) use bearer::bearer;
pub(crate) use handler::{answer, operation_id, refuse_unmet};
