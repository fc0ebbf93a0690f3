//! `Parameter`: a name and a value of a request.

/// A parameter of a request: its name and its value.
pub(crate) type Parameter<'a> = (&'a str, &'a str);
