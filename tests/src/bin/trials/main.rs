//! Trials of the whole stack against servers with faults, on the real clock and on loopback sockets.
//!
//! `cargo xtask trials` runs them for a minute each and prints a table. Each trial that must not fail a call ends the
//! program with an error if one did.

mod server;
mod trial;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use server::Manners;
use trial::{Leaf, Trial};

fn main() -> io::Result<ExitCode> {
    let seconds = std::env::args().nth(1).and_then(|seconds| seconds.parse().ok()).unwrap_or(60);
    let runtime = tokio::runtime::Runtime::new()?;
    let mut out = io::stdout();
    let columns =
        "trial | leaf | calls | 401s in the first 2 s | later 401s | other errors | token requests | result";
    writeln!(out, "| {columns} |\n| --- | --- | --- | --- | --- | --- | --- | --- |")?;
    // Two trials run at a time, because more would slow each other down.
    let mut is_good = true;
    let trials = trials(Duration::from_secs(seconds));
    for pair in trials.chunks(2) {
        let rows = runtime.block_on(futures_util::future::join_all(pair.iter().map(Trial::run)));
        for row in &rows {
            writeln!(out, "{row}")?;
            is_good &= row.passes();
        }
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn trials(length: Duration) -> Vec<Trial> {
    let short = |api_ahead| Manners {
        lifetimes: vec![2000, 3000, 4000],
        cuts_to_seconds: true,
        api_ahead,
        ..Manners::default()
    };
    let hourly = Manners { lifetimes: vec![3_600_000], ..Manners::default() };
    let mut trials = vec![
        Trial::new("2-4 s tokens, cut to whole seconds", length, short(0)),
        Trial::new("2-4 s tokens, the API's clock 1 s ahead", length, short(1000)),
        Trial::new("2-4 s tokens, the API's clock 1 s behind", length, short(-1000)),
        Trial::new("3 revocations a minute", length, hourly.clone())
            .with_revocations(Duration::from_secs(20)),
        Trial::new("50 revocations a minute", length, hourly)
            .with_revocations(Duration::from_millis(1200))
            .may_fail(),
    ];
    for leaf in [Leaf::Hyper, Leaf::Reqwest] {
        let busy = Manners { lifetimes: vec![4000], is_busy_every_other_time: true, ..Manners::default() };
        trials.push(
            Trial::new("the token endpoint answers 503 every other time", length, busy).with_leaf(leaf),
        );
        let closing = Manners {
            // The token is renewed after a little more than a second, when the server is about to close the connection.
            lifetimes: vec![1300],
            closes_idle_after: Some(Duration::from_secs(1)),
            ..Manners::default()
        };
        let name = "idle connections are closed after 1 s";
        trials.push(Trial::new(name, length, closing.clone()).with_leaf(leaf).with_pauses_of_a_second());
        let name = "the same, with a refresh token that replay revokes";
        trials.push(Trial::new(name, length, closing).with_leaf(leaf).with_refresh_token());
    }
    trials
}
