//! Environment variables.

use auth_layer::Secret;

use crate::failure::Failure;

/// The value of an environment variable; `None` if it is not set.
///
/// An empty or blank one is a mistake rather than no value: a script's variable that was never filled in. White space
/// round a value stays, as services see it too.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    let problem = match std::env::var(name) {
        Ok(value) if Secret::new(&*value).is_blank() => "is empty",
        Ok(value) => return Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => return Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => "is no UTF-8 text",
    };
    Err(Failure::config(format!("environment variable {name}: {problem}")).remedy("set it, or unset it"))
}
