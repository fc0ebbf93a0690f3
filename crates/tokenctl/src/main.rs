//! `tokenctl`: sign in once, so that services stay signed in. See `tokenctl --help`.

use std::process::ExitCode;

// One thread: a command line waits for one thing at a time.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    tokenctl::run(std::env::args_os()).await
}
