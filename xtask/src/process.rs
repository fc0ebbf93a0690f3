//! Runs other programs of the workspace, and says how long they took.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

/// A call of `cargo` in the workspace's root.
#[derive(Debug)]
pub(crate) struct Cargo<'a> {
    arguments: Vec<&'a OsStr>,
    environment: Vec<(&'a str, &'a str)>,
}

impl<'a> Cargo<'a> {
    /// `cargo` with these arguments, apart by spaces.
    pub(crate) fn new(arguments: &'a str) -> Self {
        Self { arguments: arguments.split_whitespace().map(OsStr::new).collect(), environment: Vec::new() }
    }

    /// More arguments, as they are.
    pub(crate) fn with<S: AsRef<OsStr>>(mut self, arguments: &'a [S]) -> Self {
        self.arguments.extend(arguments.iter().map(AsRef::as_ref));
        self
    }

    /// One more environment variable.
    pub(crate) fn with_variable(mut self, name: &'a str, value: &'a str) -> Self {
        self.environment.push((name, value));
        self
    }

    /// Runs it, and returns its exit code.
    pub(crate) fn code(&self, root: &Path) -> Result<u8> {
        let status = self.command(root).status().with_context(|| format!("cannot run {self}"))?;
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
    }

    /// Runs it, and returns what it wrote to its standard output; anything but success is an error.
    pub(crate) fn text(&self, root: &Path) -> Result<String> {
        let output = self.command(root).stderr(Stdio::inherit()).output();
        let output = output.with_context(|| format!("cannot run {self}"))?;
        if !output.status.success() {
            bail!("{self} failed: {}", output.status);
        }
        String::from_utf8(output.stdout).with_context(|| format!("{self} wrote no UTF-8"))
    }

    fn command(&self, root: &Path) -> Command {
        // The very cargo that runs this program, so that a chosen toolchain stays chosen.
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(&self.arguments).envs(self.environment.iter().copied()).current_dir(root);
        command
    }

    /// Runs it with all that it prints in a file; anything but success is an error.
    pub(crate) fn output(&self, root: &Path, file: &Path) -> Result<()> {
        let out = File::create(file).with_context(|| format!("{} cannot be written", file.display()))?;
        let status = self.command(root).stdout(out.try_clone()?).stderr(out).status();
        let status = status.with_context(|| format!("cannot run {self}"))?;
        ensure!(status.success(), "{self} failed; what it said is in {}", file.display());
        Ok(())
    }

    /// Runs it; anything but success is an error.
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

/// Does a step, saying what begins, and how long it took.
pub(crate) fn step(
    out: &mut dyn Write,
    name: &str,
    work: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    writeln!(out, "==> {name}")?;
    out.flush()?;
    let start = now();
    work(out).with_context(|| format!("step \"{name}\""))?;
    writeln!(out, "==> {name}: {:.1} s", start.elapsed().as_secs_f64())?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "how long a step took in real time is what is asked")]
fn now() -> Instant {
    Instant::now()
}
