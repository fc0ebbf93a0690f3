//! The countdown while a person signs in, and the lines that the person pastes.

use std::io::BufRead;
use std::time::Duration;

use auth_layer::clock::SystemClock;
use auth_layer::{Clock, Secret};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::failure::{Failure, Kind};
use crate::screen::Screen;
use crate::span;

/// Shows how much time is left. Returns a failure when no time is left.
pub(super) async fn countdown(screen: &Screen, limit: Duration) -> Failure {
    let clock = SystemClock::new();
    let end = clock.now() + limit;
    let step = if screen.live { SECOND } else { MINUTE };
    loop {
        let left = clock.now().until(end);
        if left.is_zero() {
            let problem =
                format!("no sign-in was completed within {}; nothing was kept", span::roughly(limit));
            return Failure::new(Kind::Denied, problem).remedy("start again; --timeout gives more time");
        }
        let line = format!("  waiting for the sign-in, {} left", span::countdown(left));
        if screen.live {
            screen.rewrite(line);
        } else {
            screen.say(line);
        }
        clock.sleep(left.min(step)).await;
    }
}

/// Returns the lines that a person pastes, until standard input is closed.
///
/// A thread reads them. Nothing waits for that thread, because reading cannot be interrupted, but the program can end.
pub(super) fn pasted_lines() -> mpsc::UnboundedReceiver<Secret> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        loop {
            // A pasted address has the code in it, so the line is wiped.
            let mut line = Zeroizing::new(String::new());
            match input.read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if line.trim().is_empty() => {}
                Ok(_) => {
                    if sender.send(Secret::new(line.trim())).is_err() {
                        return;
                    }
                }
            }
        }
    });
    receiver
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
