//! The time that a leaf has to connect.

use std::time::Duration;

/// The connect timeout of both leaves: 10 s, enough for some lost packets.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
