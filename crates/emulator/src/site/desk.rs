//! Where one request is dealt with: the open books, the time, and who asks.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::books::Books;
use crate::document::Document;
use crate::provider::Provider;
use crate::switches::RefreshTokenMode;
use crate::token::{Audience, GOTO_TOKEN_LENGTH, Redeemed};

pub(crate) struct Desk<'a> {
    pub(crate) provider: Provider,
    pub(crate) documents: &'a [Arc<Document>],
    pub(crate) now: SystemTime,
    pub(crate) books: &'a mut Books,
    pub(super) sequence: u64,
}

/// A token just issued.
pub(crate) struct Issued {
    pub(crate) value: String,
    pub(crate) ordinal: u64,
    pub(crate) lifetime: Duration,
}

impl Desk<'_> {
    /// Issues a token that lives as long as the provider's do, unless a test has said otherwise.
    pub(crate) fn issue(&mut self, usual_lifetime: Duration) -> Issued {
        let lifetime = self.books.switches.lifetime.unwrap_or(usual_lifetime);
        self.enter(Audience::Customer, lifetime)
    }

    pub(crate) fn issue_for_end_user(&mut self) -> Issued {
        let lifetime = self.books.switches.lifetime.unwrap_or(END_USER_LIFETIME);
        self.enter(Audience::EndUser, lifetime)
    }

    fn enter(&mut self, audience: Audience, lifetime: Duration) -> Issued {
        let length = match self.provider {
            Provider::GoTo => GOTO_TOKEN_LENGTH,
            _ => USUAL_TOKEN_LENGTH,
        };
        let value = self.books.random.token(length);
        let expires = self.now.checked_add(lifetime);
        let ordinal = self.books.tokens.enter(value.clone(), audience, expires);
        Issued { value, ordinal, lifetime }
    }

    /// Takes a refresh token, in the manner a test has asked for.
    pub(crate) fn redeem(&mut self, value: &str) -> Option<Redeemed> {
        let books = &mut *self.books;
        let mode = match books.switches.rotate_next {
            true => RefreshTokenMode::Rotate,
            false => books.switches.refresh_token,
        };
        let tokens = books.refresh_tokens.as_mut()?;
        let redeemed = tokens.redeem(value, mode, &mut books.random, self.now)?;
        books.switches.rotate_next = false;
        Some(redeemed)
    }

    /// Writes into the log which token the present request is about.
    pub(crate) fn note_token(&mut self, ordinal: u64) {
        if let Some(entry) = self.books.log.entry(self.sequence) {
            entry.token = Some(ordinal);
        }
    }
}

const END_USER_LIFETIME: Duration = Duration::from_secs(3600);
const USUAL_TOKEN_LENGTH: usize = 420;
