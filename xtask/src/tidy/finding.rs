//! One place that breaks a rule.

use std::fmt;

/// A place that breaks a rule, and the text that does.
///
/// ```
/// # fn run(root: &std::path::Path) -> anyhow::Result<()> {
/// for finding in xtask::tidy::source_findings(root)? {
///     println!("{finding}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Finding {
    /// The path of the file, from the root, with `/` between its parts.
    pub file: String,
    /// The line, from 1; 0 if the finding concerns the whole file.
    pub line: usize,
    /// The name of the rule, as `xtask/tidy.toml` spells it.
    pub rule: &'static str,
    /// The sentence, name or line that breaks the rule.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.rule, self.text)
    }
}
