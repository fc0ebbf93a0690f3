//! Paths in settings: a `~` at the beginning, and the folder that they are relative to.

use std::path::{Component, Path, PathBuf};

use crate::failure::Failure;

/// Replaces a `~` at the beginning of a path by the home folder; `what` names the setting in errors.
///
/// A shell does that only where the `~` is not quoted, and nothing does it in a file or in a service's environment.
pub(crate) fn expand(what: &str, path: PathBuf) -> Result<PathBuf, Failure> {
    let rest = match path.components().next() {
        Some(Component::Normal(first)) if first.to_string_lossy().starts_with('~') => path.strip_prefix("~"),
        _ => return Ok(path),
    };
    let refuse = |problem: &str| {
        let shown = path.display();
        Failure::config(format!("{what}: {shown} {problem}")).remedy("write the whole path")
    };
    let Ok(rest) = rest else {
        return Err(refuse("begins with ~ and a user's name, which is not expanded"));
    };
    let home = home().ok_or_else(|| refuse("begins with ~, but HOME is not set"))?;
    // An empty path would put a slash at the end.
    Ok(if rest == Path::new("") { home } else { home.join(rest) })
}

/// Makes a path of the configuration file absolute. It is relative to the folder of that file, or begins with `~`.
pub(super) fn beside(member: &str, file: &Path, path: &Path) -> Result<PathBuf, Failure> {
    let path = expand(&format!("{}: {member}", file.display()), path.to_owned())?;
    Ok(file.parent().map_or_else(|| path.clone(), |folder| folder.join(&path)))
}

fn home() -> Option<PathBuf> {
    absolute("HOME").or_else(|| absolute("USERPROFILE").filter(|_| cfg!(windows)))
}

/// Returns the absolute path in an environment variable. A relative one is ignored.
pub(super) fn absolute(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}
