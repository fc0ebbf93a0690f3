//! `doctor`: checks everything that a sign-in needs, and says what to do.

mod client;
mod endpoint;
mod examine;
mod report;
mod rights;
mod store;

pub(super) use examine::run;
