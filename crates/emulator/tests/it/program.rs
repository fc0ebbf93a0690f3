//! The program: its table, its options, its end.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::support::{client, send};

/// Returns the first `count` lines that the program prints, and kills it.
async fn lines(arguments: &[&str], count: usize) -> Vec<String> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_emulator"))
        .args(arguments)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut lines = Vec::new();
    while lines.len() < count {
        let line = tokio::time::timeout(Duration::from_secs(10), out.next_line());
        match line.await.unwrap().unwrap() {
            Some(line) => lines.push(line),
            None => break,
        }
    }
    lines
}

#[tokio::test]
async fn the_table_names_every_provider() {
    let table = lines(&["--seed", "3"], 39).await.join("\n");
    for name in ["GoTab", "GoTo", "GBG GO", "Octotable", "auth host", "OCTOTABLE_BASE_URL"] {
        assert!(table.contains(name), "{table}");
    }
    assert!(!table.contains("gotab-access-secret"));
}

#[tokio::test]
async fn with_device_there_is_a_url_for_devices() {
    let with = lines(&["--device"], 40).await.join("\n");
    assert!(with.contains("\n  GOTO_DEVICE_URL         http://127.0.0.1:"), "{with}");
    let without = lines(&[], 39).await.join("\n");
    assert!(!without.contains("GOTO_DEVICE_URL"), "{without}");
}

/// A program that is killed on drop. It also holds the reading end of its output, because the program goes on writing.
struct Running(#[expect(dead_code, reason = "held")] (Child, Lines<BufReader<ChildStdout>>));

/// Returns GoTo's token endpoint of a program that was started with these arguments.
async fn goto(arguments: &[&str]) -> (String, Running) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_emulator"))
        .args(arguments)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(program.stdout.take().unwrap()).lines();
    let url = loop {
        let line = out.next_line().await.unwrap().unwrap();
        if let Some(url) = line.trim_start().strip_prefix("GOTO_TOKEN_URL ") {
            break url.trim_start().to_owned();
        }
    };
    (url, Running((program, out)))
}

/// Refreshes twice with the same token at a program that was started with these arguments. Returns both statuses.
async fn refresh_twice(arguments: &[&str]) -> [u16; 2] {
    let (url, _program) = goto(arguments).await;
    let mut statuses = [0; 2];
    for status in &mut statuses {
        let post = client().post(&url).basic_auth("goto-client-id", Some("goto+client/secret=="));
        let fields = [("grant_type", "refresh_token"), ("refresh_token", "goto-refresh-token")];
        *status = send(post.form(&fields)).await.0;
    }
    statuses
}

#[tokio::test]
async fn the_refresh_token_mode_can_be_chosen() {
    assert_eq!(refresh_twice(&["--refresh-token-mode", "same"]).await, [200, 200]);
    assert_eq!(refresh_twice(&["--refresh-token-mode", "rotate-strict"]).await, [200, 400]);
    let with_grace = ["--refresh-token-mode", "rotate-strict", "--grace", "600"];
    assert_eq!(refresh_twice(&with_grace).await, [200, 200]);
    let refused = Command::new(env!("CARGO_BIN_EXE_emulator"))
        .args(["--refresh-token-mode", "rotate", "--grace", "600"])
        .stderr(Stdio::null())
        .status();
    assert_eq!(refused.await.unwrap().code(), Some(2));
}

/// Returns the status of a token request without a `User-Agent` at a program that was started with these arguments.
async fn without_user_agent(arguments: &[&str]) -> u16 {
    let (url, _program) = goto(arguments).await;
    let fields = [("grant_type", "refresh_token"), ("refresh_token", "goto-refresh-token")];
    let client = reqwest::Client::new();
    send(client.post(&url).basic_auth("goto-client-id", Some("goto+client/secret==")).form(&fields)).await.0
}

#[tokio::test]
async fn the_program_is_strict_unless_it_is_lenient() {
    assert_eq!(without_user_agent(&[]).await, 403);
    assert_eq!(without_user_agent(&["--lenient"]).await, 200);
}

#[tokio::test]
async fn a_redirect_url_to_which_nothing_comes_back_is_refused() {
    for (wrong, problem) in [
        ("/callback", "must be absolute"),
        ("app.example.com", "must be absolute"),
        ("https://", "has no host"),
        ("https:///callback", "has no host"),
        ("https://user:s3cret@app.example.com/", "must not name a user"),
        ("https://app.example.com:99999/", "has a port"),
        ("https://app.example.com/#s3cret", "must not have a fragment"),
        ("https://app.example.com/a b", "has a character"),
    ] {
        let arguments = ["--redirect-url", wrong];
        let refused = Command::new(env!("CARGO_BIN_EXE_emulator")).args(arguments).output().await.unwrap();
        let error = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
        assert!(error.contains(problem) && !error.contains("s3cret"), "{wrong}: {error}");
    }
    for good in ["com.example.app:/callback", "http://[::1]/callback", "http://localhost:8080/?a=b@c"] {
        assert!(!lines(&["--redirect-url", good], 1).await.is_empty());
    }
}

#[tokio::test]
async fn help_names_every_option_and_the_recipe_for_a_shell() {
    let help = lines(&["--help"], 80).await.join("\n");
    let options = [
        "--port-base",
        "--env",
        "--seed",
        "--refresh-token-mode",
        "--grace",
        "--device",
        "--redirect-url",
        "--lenient",
        "eval \"$(emulator --env)\"",
    ];
    for option in options {
        assert!(help.contains(option), "{help}");
    }
    assert!(!help.contains("in-background"), "{help}");
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupt_ends_the_program_well() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_emulator"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(program.stdout.take().unwrap()).lines();
    assert!(out.next_line().await.unwrap().is_some());
    let id = program.id().unwrap().to_string();
    let interrupted = Command::new("kill").args(["-INT", &id]).status().await;
    assert!(interrupted.unwrap().success());
    let ended = tokio::time::timeout(Duration::from_secs(10), program.wait());
    assert!(ended.await.unwrap().unwrap().success());
}
