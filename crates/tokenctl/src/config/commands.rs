//! `Commands`: the commands that the program tells people to run.

use std::path::{Path, PathBuf};

use crate::shell::quote;

/// Writes commands of this program. If the user gave `--config`, each command has it too, so that it can be pasted as
/// it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Commands {
    config: Option<PathBuf>,
}

impl Commands {
    pub(crate) fn new(config: Option<&Path>) -> Self {
        Self { config: config.map(Path::to_owned) }
    }

    /// Writes a command of these words.
    pub(crate) fn line(&self, words: &[&str]) -> String {
        let config = self.config.as_ref().map(|path| path.display().to_string());
        let config = config.iter().flat_map(|path| option("--config", path));
        let words =
            ["tokenctl".to_owned()].into_iter().chain(config).chain(words.iter().map(ToString::to_string));
        words.map(|word| quote(&word).into_owned()).collect::<Vec<_>>().join(" ")
    }

    /// Writes a command about one sign-in.
    pub(crate) fn about(&self, what: &str, provider: &str, account: &str) -> String {
        match account {
            "default" => self.line(&[what, provider]),
            _ => {
                let account = option("--account", account);
                let words: Vec<&str> =
                    [what, provider].into_iter().chain(account.iter().map(|word| &**word)).collect();
                self.line(&words)
            }
        }
    }
}

/// Returns the words of an option. A value that begins with `-` would count as an option itself.
fn option(name: &str, value: &str) -> Vec<String> {
    match value.starts_with('-') {
        true => vec![format!("{name}={value}")],
        false => vec![name.to_owned(), value.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Commands;

    #[test]
    fn a_command_can_be_pasted() {
        let usual = Commands::new(None);
        assert_eq!(usual.about("login", "goto", "default"), "tokenctl login goto");
        let other = Commands::new(Some(Path::new("/etc/my tokens.toml")));
        assert_eq!(
            other.about("login", "goto", "front desk"),
            "tokenctl --config '/etc/my tokens.toml' login goto --account 'front desk'"
        );
        let dashes = Commands::new(Some(Path::new("-c.toml")));
        assert_eq!(dashes.about("token", "goto", "-x"), "tokenctl --config=-c.toml token goto --account=-x");
    }
}
