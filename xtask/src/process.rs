//! Runs cargo, and prints how long each step took.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

/// A cargo command that runs in the root of the workspace.
#[derive(Debug)]
pub(crate) struct Cargo<'a> {
    arguments: Vec<&'a OsStr>,
    environment: Vec<(&'a str, &'a str)>,
}

impl<'a> Cargo<'a> {
    /// Creates a command from arguments that are separated by spaces.
    pub(crate) fn new(arguments: &'a str) -> Self {
        Self { arguments: arguments.split_whitespace().map(OsStr::new).collect(), environment: Vec::new() }
    }

    /// Adds arguments that may contain spaces.
    pub(crate) fn with<S: AsRef<OsStr>>(mut self, arguments: &'a [S]) -> Self {
        self.arguments.extend(arguments.iter().map(AsRef::as_ref));
        self
    }

    /// Sets an environment variable.
    pub(crate) fn with_variable(mut self, name: &'a str, value: &'a str) -> Self {
        self.environment.push((name, value));
        self
    }

    /// Runs the command, and returns its exit code: 255 if a signal ended it.
    pub(crate) fn code(&self, root: &Path) -> Result<u8> {
        let status = self.command(root).status().with_context(|| format!("cannot run {self}"))?;
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
    }

    /// Runs the command, and returns its standard output. A failure is an error.
    pub(crate) fn text(&self, root: &Path) -> Result<String> {
        let output = self.command(root).stderr(Stdio::inherit()).output();
        let output = output.with_context(|| format!("cannot run {self}"))?;
        if !output.status.success() {
            bail!("{self} failed: {}", output.status);
        }
        String::from_utf8(output.stdout).with_context(|| format!("the output of {self} is not UTF-8"))
    }

    fn command(&self, root: &Path) -> Command {
        // The cargo that runs this program, so that `cargo +toolchain xtask` uses that toolchain throughout.
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(&self.arguments).envs(self.environment.iter().copied()).current_dir(root);
        command
    }

    /// Runs the command with its output in a file. A failure is an error.
    pub(crate) fn output(&self, root: &Path, file: &Path) -> Result<()> {
        let out = File::create(file).with_context(|| format!("cannot create {}", file.display()))?;
        let status = self.command(root).stdout(out.try_clone()?).stderr(out).status();
        let status = status.with_context(|| format!("cannot run {self}"))?;
        ensure!(status.success(), "{self} failed; read its output in {}", file.display());
        Ok(())
    }

    /// Runs the command. A failure is an error.
    pub(crate) fn run(&self, root: &Path) -> Result<()> {
        match self.code(root)? {
            0 => Ok(()),
            code => bail!("{self} failed with exit code {code}"),
        }
    }
}

impl std::fmt::Display for Cargo<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("`cargo")?;
        for argument in &self.arguments {
            write!(f, " {}", argument.display())?;
        }
        f.write_str("`")
    }
}

/// Runs `work`, and prints its name before and its time after it.
pub(crate) fn step(
    out: &mut dyn Write,
    name: &str,
    work: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    writeln!(out, "==> {name}")?;
    // Child processes write past this buffer. Their output belongs below the step's name.
    out.flush()?;
    let start = now();
    work(out).with_context(|| format!("step \"{name}\""))?;
    writeln!(out, "==> {name}: {:.1} s", start.elapsed().as_secs_f64())?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a step is measured in real time")]
fn now() -> Instant {
    Instant::now()
}
