//! `tokenctl`: a person signs in once, and services stay signed in. See `tokenctl --help`.

use std::process::ExitCode;

fn main() -> std::io::Result<ExitCode> {
    // One thread is enough, because a command waits for one thing at a time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(tokenctl::run(std::env::args_os()));
    if code == ExitCode::from(INTERRUPTED) {
        // A DNS lookup or a lock may still block a thread. A person who pressed Ctrl-C does not want to wait for that.
        runtime.shutdown_background();
    }
    Ok(code)
}

// The exit code after Ctrl-C; see `failure::Kind`.
const INTERRUPTED: u8 = 130;
