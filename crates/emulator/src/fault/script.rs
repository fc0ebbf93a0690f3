//! A body that is sent step by step, with pauses, and may break off.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream;

pub(super) enum Step {
    Send(Bytes),
    Pause(Duration),
    /// An error of the body: the server closes the connection without ending the message.
    Break,
}

pub(super) fn body(steps: impl IntoIterator<Item = Step>) -> Body {
    let steps: VecDeque<Step> = steps.into_iter().collect();
    Body::from_stream(stream::unfold(steps, |mut steps| async move {
        loop {
            match steps.pop_front()? {
                Step::Send(bytes) => return Some((Ok(bytes), steps)),
                Step::Pause(pause) => tokio::time::sleep(pause).await,
                // The queue is emptied, because a body must not go on after an error.
                Step::Break => return Some((Err(broken()), VecDeque::new())),
            }
        }
    }))
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "a fault cut the answer off")
}
