//! The behaviour of the layer through its public API. A test that makes a numbered statement true carries the number
//! in its name.

mod single_flight;
mod support;
