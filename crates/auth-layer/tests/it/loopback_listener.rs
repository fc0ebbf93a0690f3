//! The listener that a browser comes back to after a sign-in on this machine.
