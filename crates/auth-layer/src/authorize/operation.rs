//! `Operation`: the operation of a request, if it names one.

use crate::operation::OperationMeta;

/// The operation of a request, if it names one.
pub(super) type Operation = Option<&'static OperationMeta>;
