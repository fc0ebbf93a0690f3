//! The program: its table, its exports, its end.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// The first `count` lines of what the program prints, after which it is killed.
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
async fn exports_can_be_sourced_and_reach_the_hosts() {
    let lines = lines(&["--env"], 18).await;
    let names = [
        "GOTAB_ACCESS_ID",
        "GOTAB_ACCESS_SECRET",
        "GOTAB_TOKEN_URL",
        "GOTAB_BASE_URL",
        "GOTO_CLIENT_ID",
        "GOTO_CLIENT_SECRET",
        "GOTO_REFRESH_TOKEN",
        "GOTO_TOKEN_URL",
        "GOTO_ADMIN_URL",
        "GOTO_WEBINAR_URL",
        "GBG_GO_CLIENT_ID",
        "GBG_GO_CLIENT_SECRET",
        "GBG_GO_TOKEN_URL",
        "GBG_GO_BASE_URL",
        "OCTOTABLE_CLIENT_ID",
        "OCTOTABLE_CLIENT_SECRET",
        "OCTOTABLE_TOKEN_URL",
        "OCTOTABLE_BASE_URL",
    ];
    for (line, name) in lines.iter().zip(names) {
        let value = line.strip_prefix(&format!("export {name}='")).unwrap();
        assert!(value.len() > 1 && value.ends_with('\''), "{line}");
        assert!(!name.ends_with("_URL") || value.starts_with("http://127.0.0.1:"), "{line}");
    }
    assert_eq!(lines.len(), names.len());
    assert_eq!(lines[5], "export GOTO_CLIENT_SECRET='goto+client/secret=='");
}

#[tokio::test]
async fn the_table_names_every_provider() {
    let table = lines(&["--seed", "3"], 36).await.join("\n");
    for name in ["GoTab", "GoTo", "GBG GO", "Octotable", "auth host", "OCTOTABLE_BASE_URL"] {
        assert!(table.contains(name), "{table}");
    }
    assert!(!table.contains("gotab-access-secret"));
}

#[tokio::test]
async fn help_is_given() {
    let help = lines(&["--help"], 40).await.join("\n");
    for option in ["--port-base", "--env", "--seed"] {
        assert!(help.contains(option), "{help}");
    }
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
