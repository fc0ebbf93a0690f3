//! Tests of GoTab's own features through the public API. The journeys of all providers are tested elsewhere.

#![expect(clippy::unwrap_used, reason = "a panic in a fixture fails the test")]

mod locations;
