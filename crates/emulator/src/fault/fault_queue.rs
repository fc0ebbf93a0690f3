//! The faults that wait at one host, oldest first.

use std::collections::VecDeque;

use super::fault::Fault;
use super::schedule::{Left, Scheduled};

#[derive(Debug, Default)]
pub(crate) struct FaultQueue(VecDeque<Scheduled>);

impl FaultQueue {
    pub(crate) fn push(&mut self, scheduled: Scheduled) {
        // A fault with zero plays would block nothing but would still be counted, so it is not added.
        if scheduled.left != Left::Times(0) {
            self.0.push_back(scheduled);
        }
    }

    /// Takes the first fault that applies to a request for this operation.
    pub(crate) fn take(&mut self, operation_id: Option<&str>) -> Option<Fault> {
        // A fault for another operation must not hold back the faults behind it.
        let at = self.0.iter().position(|fault| fault.fits(operation_id))?;
        let scheduled = self.0.get_mut(at)?;
        match &mut scheduled.left {
            Left::Forever => Some(scheduled.fault.clone()),
            Left::Times(count) if *count > 1 => {
                *count -= 1;
                Some(scheduled.fault.clone())
            }
            Left::Times(_) => self.0.remove(at).map(|scheduled| scheduled.fault),
        }
    }

    /// Returns how many more requests will meet a fault. A fault without a limit counts as one.
    pub(crate) fn left(&self) -> u64 {
        let left = |scheduled: &Scheduled| match scheduled.left {
            Left::Forever => 1,
            Left::Times(count) => u64::from(count),
        };
        self.0.iter().map(left).sum()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::FaultQueue;
    use crate::fault::Fault;

    #[test]
    fn faults_come_in_order_and_as_often_as_asked() {
        let mut queue = FaultQueue::default();
        queue.push(Fault::Hang.times(0));
        queue.push(Fault::Unavailable.times(2));
        queue.push(Fault::Hang.forever());
        assert_eq!(queue.left(), 3);
        let taken: Vec<_> = (0..4).filter_map(|_| queue.take(None)).collect();
        assert_eq!(taken, [Fault::Unavailable, Fault::Unavailable, Fault::Hang, Fault::Hang]);
        queue.clear();
        assert_eq!(queue.take(None), None);
    }

    #[test]
    fn a_fault_for_one_operation_lets_others_pass() {
        let mut queue = FaultQueue::default();
        queue.push(Fault::Hang.on_operation("read"));
        queue.push(Fault::Unavailable.into());
        assert_eq!(queue.take(Some("write")), Some(Fault::Unavailable));
        assert_eq!(queue.take(Some("write")), None);
        assert_eq!(queue.take(Some("read")), Some(Fault::Hang));
    }
}
