//! `--env` in shells: the recipes of `--help` and of the README.

use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

/// Runs a script in which `emulator` is the program. A script that does not end within 20 s fails the test.
async fn run(shell: &str, script: &str) -> Output {
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_emulator")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let script = Command::new(shell)
        .args(["-c", script])
        .env("PATH", path)
        .env_remove("EMULATOR_PID")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    tokio::time::timeout(Duration::from_secs(20), script).await.unwrap().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

const NAMES: &str = "GOTAB_ACCESS_ID GOTAB_ACCESS_SECRET GOTAB_TOKEN_URL GOTAB_AUTHORIZE_URL GOTAB_BASE_URL \
    GOTO_CLIENT_ID GOTO_CLIENT_SECRET GOTO_REFRESH_TOKEN GOTO_TOKEN_URL GOTO_AUTHORIZE_URL GOTO_REVOCATION_URL \
    GOTO_ADMIN_URL GOTO_WEBINAR_URL GBG_GO_CLIENT_ID GBG_GO_CLIENT_SECRET GBG_GO_TOKEN_URL GBG_GO_BASE_URL \
    OCTOTABLE_CLIENT_ID OCTOTABLE_CLIENT_SECRET OCTOTABLE_TOKEN_URL OCTOTABLE_BASE_URL EMULATOR_PID";

/// Checks that the start sets every variable, that the emulator answers after the shell has ended, and that it stops
/// when it is killed.
async fn starts_and_stops(shell: &str, start: &str) {
    // The inner `sh` sees only the exported variables.
    let print = "for name in $NAMES; do eval \"echo \\\"$name=\\$$name\\\"\"; done";
    let started = run(shell, &format!("export NAMES='{NAMES}'; {start} && sh -c '{print}'")).await;
    let (out, error) = (text(&started.stdout), text(&started.stderr));
    assert!(started.status.success(), "{shell}: {out}{error}");
    let value = |name: &str| {
        let mut lines = out.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        lines.next().unwrap_or_else(|| panic!("no {name} in {out}"))
    };
    for name in NAMES.split_ascii_whitespace() {
        assert!(!value(name).is_empty(), "{name}: {out}");
        assert!(!name.ends_with("_URL") || value(name).starts_with("http://127.0.0.1:"), "{name}: {out}");
    }
    assert_eq!(value("GOTO_CLIENT_SECRET"), "goto+client/secret==");
    assert!(error.ends_with(&format!("stop it with: kill {}\n", value("EMULATOR_PID"))), "{error}");

    // The shell has ended, and the emulator still answers.
    let base = value("GOTAB_BASE_URL");
    let answer = reqwest::get(format!("{base}/api/loc")).await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);

    let stop = format!("EMULATOR_PID={}; kill \"$EMULATOR_PID\"", value("EMULATOR_PID"));
    assert!(run(shell, &stop).await.status.success());
    let address = base.trim_start_matches("http://");
    has_stopped(address).await;
}

/// Waits until this address refuses connections.
async fn has_stopped(address: &str) {
    let stopped = async {
        // The program ends within a few milliseconds, so the loop makes only a few attempts.
        while TcpStream::connect(address).await.is_ok() {}
    };
    tokio::time::timeout(Duration::from_secs(10), stopped).await.unwrap();
}

#[tokio::test]
async fn sh_evaluates_the_exports_and_goes_on() {
    starts_and_stops("sh", "eval \"$(emulator --env)\"").await;
}

#[tokio::test]
async fn bash_evaluates_the_exports_and_goes_on() {
    starts_and_stops("bash", "eval \"$(emulator --env)\"").await;
}

#[tokio::test]
async fn bash_sources_the_exports_and_goes_on() {
    starts_and_stops("bash", "source <(emulator --env)").await;
}

#[tokio::test]
async fn a_port_in_use_ends_a_script_with_an_error_that_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let script = format!("set -e; eval \"$(emulator --env --port-base {port})\"; echo after");
    let output = run("sh", &script).await;
    let error = text(&output.stderr);
    let expected = format!(
        "error: port {port} on 127.0.0.1 is already in use; \
         choose another port base (--port-base), or 0 for free ports\n"
    );
    assert_eq!(error, expected);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""));
}

#[tokio::test]
async fn wrong_arguments_end_a_script() {
    for wrong in ["--prot-base 0", "--grace 5", "--redirect-url /callback"] {
        let script = format!("set -e; eval \"$(emulator --env {wrong})\"; echo after");
        let output = run("sh", &script).await;
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""), "{wrong}");
        assert!(text(&output.stderr).starts_with("error: "), "{wrong}: {}", text(&output.stderr));
        let alone = run("sh", &format!("emulator --env {wrong}")).await;
        assert_eq!((alone.status.code(), text(&alone.stdout)), (Some(2), "false\n"), "{wrong}");
    }
}

/// The id of the process is printed nowhere else.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn exports_that_cannot_be_printed_leave_no_process_behind() {
    // Another process may take one of the eight ports first, so the test tries again.
    for _ in 0..20 {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let output = run("sh", &format!("emulator --env --port-base {free} > /dev/full")).await;
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        if text(&output.stderr).starts_with("error: No space left on device") {
            return has_stopped(&format!("127.0.0.1:{free}")).await;
        }
    }
    panic!("found no eight free ports in a row");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_emulator_whose_message_cannot_be_printed_runs_all_the_same() {
    let ran = run("sh", "eval \"$(emulator --env 2>/dev/full)\" && kill \"$EMULATOR_PID\"").await;
    assert!(ran.status.success(), "{}", text(&ran.stderr));
}
