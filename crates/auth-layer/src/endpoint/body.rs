//! Reads the body of an answer, up to a limit.

use std::pin::pin;

use futures_util::future::{Either, select};
use http_body_util::BodyExt;
use zeroize::Zeroizing;

use super::transport::AnswerBody;
use crate::clock::Sleep;
use crate::error::BoxError;

/// The end of a body.
pub(super) enum End {
    Whole,
    TooLong,
    Broken(BoxError),
    Late,
}

/// Reads a body up to the limit or the deadline. The bytes are wiped when dropped.
pub(super) async fn collect(body: AnswerBody, deadline: &mut Sleep) -> (Zeroizing<Vec<u8>>, End) {
    let mut body = pin!(body);
    // The full size is reserved first: a buffer that grows leaves unwiped copies behind.
    let mut collected = Zeroizing::new(Vec::with_capacity(ANSWER_LIMIT));
    loop {
        let frame = match select(body.frame(), &mut *deadline).await {
            Either::Left((None, _)) => return (collected, End::Whole),
            Either::Left((Some(Err(error)), _)) => return (collected, End::Broken(error)),
            Either::Left((Some(Ok(frame)), _)) => frame,
            Either::Right(((), _)) => return (collected, End::Late),
        };
        let Ok(data) = frame.into_data() else { continue };
        let room = ANSWER_LIMIT - collected.len();
        collected.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return (collected, End::TooLong);
        }
    }
}

/// The most bytes that are read of an answer. Token answers have a few KiB, and a larger one must not use up the
/// memory.
pub(super) const ANSWER_LIMIT: usize = 64 * 1024;
