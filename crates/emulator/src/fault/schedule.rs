//! How often a fault is played, and for which operation.

use super::fault::Fault;

/// A fault with the number of times it is played.
///
/// A bare [`Fault`] turns into one that is played once. With an operation id it waits for a call of that operation and
/// lets others pass; the token endpoint has no operations, so there it would wait for ever.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheduled {
    pub(super) fault: Fault,
    pub(super) left: Left,
    pub(super) operation_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Times(u32),
    Forever,
}

impl Scheduled {
    /// Plays the fault for this many requests.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { left: Left::Times(count), ..self }
    }

    /// Plays the fault until faults are cleared.
    #[must_use]
    pub fn forever(self) -> Self {
        Self { left: Left::Forever, ..self }
    }

    /// Plays the fault for calls of this operation only.
    #[must_use]
    pub fn on_operation(self, operation_id: &str) -> Self {
        Self { operation_id: Some(operation_id.to_owned()), ..self }
    }

    pub(super) fn fits(&self, operation_id: Option<&str>) -> bool {
        self.operation_id.is_none() || self.operation_id.as_deref() == operation_id
    }
}

/// The schedules of a fault.
impl Fault {
    /// Plays the fault for this many requests.
    #[must_use]
    pub fn times(self, count: u32) -> Scheduled {
        Scheduled::from(self).times(count)
    }

    /// Plays the fault until the faults are cleared.
    #[must_use]
    pub fn forever(self) -> Scheduled {
        Scheduled::from(self).forever()
    }

    /// Plays the fault for calls of this operation only.
    #[must_use]
    pub fn on_operation(self, operation_id: &str) -> Scheduled {
        Scheduled::from(self).on_operation(operation_id)
    }
}

impl From<Fault> for Scheduled {
    fn from(fault: Fault) -> Self {
        Self { fault, left: Left::Times(1), operation_id: None }
    }
}
