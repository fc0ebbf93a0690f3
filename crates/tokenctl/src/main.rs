//! `tokenctl`: sign in once, so that services stay signed in. See `tokenctl --help`.

use std::process::ExitCode;

fn main() -> std::io::Result<ExitCode> {
    // One thread: a command line waits for one thing at a time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(tokenctl::run(std::env::args_os()));
    if code == ExitCode::from(INTERRUPTED) {
        // Who pressed Ctrl-C does not wait for a name to be looked up or a lock to be had.
        runtime.shutdown_background();
    }
    Ok(code)
}

const INTERRUPTED: u8 = 130;
