//! `--env`: an emulator that goes on in the background after the command has ended.
//!
//! `eval "$(emulator --env)"` and `source <(emulator --env)` wait until no process has the command's output open. So
//! the command starts itself again as a second process, which has pipes to the command in place of the shell's files:
//!
//! 1. the second process binds its ports and writes the exports and an empty line;
//! 2. the command prints the exports, confirms with one byte, and exits;
//! 3. the second process serves until it is killed. Without that byte it exits, so that no process is left behind whose
//!    id was not printed.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitCode, Stdio};

use emulator::Emulator;

use crate::print;

/// The hidden option of the second process.
pub(crate) const IN_BACKGROUND: &str = "in-background";

/// Starts the second process and prints its exports. Returns the exit code of the command.
///
/// # Errors
///
/// Fails if the process cannot be started, or if its exports cannot be printed.
pub(crate) fn start() -> io::Result<ExitCode> {
    let started = run();
    if !started.as_ref().is_ok_and(|code| *code == ExitCode::SUCCESS) {
        print_failure();
    }
    started
}

/// Prints a shell command that fails. A shell drops the exit code of `$(…)` and `<(…)`, and would go on without the
/// variables.
pub(crate) fn print_failure() {
    // The command fails in any case; its caller sees the exit code if it does not see this line.
    let _ = writeln!(io::stdout(), "false");
}

fn run() -> io::Result<ExitCode> {
    let mut child = spawn()?;
    let exports = read_exports(&mut child)?;
    let Some(exports) = exports else {
        return failed(child);
    };
    let mut out = io::stdout().lock();
    out.write_all(exports.as_bytes())?;
    out.flush()?;
    // The confirmation comes after the flush. If printing fails, the pipe closes without it, and the second process
    // exits.
    if let Some(mut confirm) = child.stdin.take() {
        confirm.write_all(b"\n")?;
    }
    let id = child.id();
    // The emulator runs and the exports are printed, so a closed standard error does not make this a failure.
    let _ = writeln!(io::stderr(), "the emulator runs in the background; stop it with: kill {id}");
    Ok(ExitCode::SUCCESS)
}

fn spawn() -> io::Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(format!("--{IN_BACKGROUND}")).args(env::args_os().skip(1));
    // All three are pipes: a file of the shell that stays open would keep `$(emulator --env 2>&1)` waiting.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Its own process group keeps Ctrl-C at the shell's prompt from ending it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

/// Reads up to the empty line; `None` if the process ends before it.
fn read_exports(child: &mut Child) -> io::Result<Option<String>> {
    let mut exports = String::new();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines() {
            match line?.as_str() {
                // The pipe stays open as long as the second process runs, so the empty line is the end.
                "" => return Ok(Some(exports)),
                line => exports = exports + line + "\n",
            }
        }
    }
    Ok(None)
}

/// Prints why the process ended, and returns its exit code.
fn failed(child: Child) -> io::Result<ExitCode> {
    let output = child.wait_with_output()?;
    io::stderr().write_all(&output.stderr)?;
    // Without exports even an exit code of 0 is a failure.
    let code = output.status.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code > 0);
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Gives the exports to the command that started this process, and waits until it has printed them.
///
/// # Errors
///
/// Fails if that command ends before it confirms.
pub(crate) fn hand_over(emulator: &Emulator) -> io::Result<()> {
    let id = std::process::id().to_string();
    let mut out = io::stdout().lock();
    writeln!(out, "{}{}", print::exports(emulator), print::export("EMULATOR_PID", &id))?;
    out.flush()?;
    // This blocks only this thread. The runtime's other threads already answer requests.
    io::stdin().read_exact(&mut [0])
}
