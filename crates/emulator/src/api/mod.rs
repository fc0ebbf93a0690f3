//! The API host: finds the operation, checks the token and what the document requires, and asks the world.

mod bearer;
mod call_check;
mod handler;
mod manners;

pub(crate) use bearer::bearer;
pub(crate) use handler::{answer, operation_id, refuse_unmet};
