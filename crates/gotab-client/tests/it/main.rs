//! What is GoTab's own, through the public API. Whole journeys are told elsewhere, for all providers.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

mod locations;
