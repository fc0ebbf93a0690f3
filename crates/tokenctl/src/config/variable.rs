//! Environment variables.

use auth_layer::Secret;

use crate::failure::Failure;

/// Returns the value of an environment variable; `None` if it is not set.
///
/// An empty or blank value is an error, because it mostly comes from a script whose own variable was never set. Line
/// ends at the end are not part of the value. Other white space around it stays. Services read the variables in the
/// same way.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    let problem = match std::env::var(name) {
        Ok(value) if Secret::new(&*value).is_blank() => "is empty",
        Ok(value) => return Ok(Some(value.trim_end_matches(['\r', '\n']).to_owned())),
        Err(std::env::VarError::NotPresent) => return Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => "is not UTF-8 text",
    };
    Err(Failure::config(format!("environment variable {name}: {problem}")).remedy("set it, or unset it"))
}

/// Returns the secret in an environment variable.
pub(crate) fn secret(name: &str) -> Result<Option<Secret>, Failure> {
    Ok(variable(name)?.map(Secret::new))
}
