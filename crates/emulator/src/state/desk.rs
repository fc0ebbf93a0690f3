//! The state that handling one request needs: the locked books, the time, and the request's entry in the log.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::books::Books;
use crate::document::Document;
use crate::provider::Provider;
use crate::token::{Approval, Audience, BadCode, GOTO_TOKEN_LENGTH, NoGood, Redeemed, Standing};

pub(crate) struct Desk<'a> {
    pub(crate) provider: Provider,
    pub(crate) auth_origin: &'a str,
    pub(crate) documents: &'a [Arc<Document>],
    pub(crate) now: SystemTime,
    pub(crate) books: &'a mut Books,
    pub(super) sequence: u64,
}

/// A token that was just issued.
pub(crate) struct Issued {
    pub(crate) value: String,
    pub(crate) ordinal: u64,
    pub(crate) lifetime: Duration,
}

impl Desk<'_> {
    /// Returns the issuer that GoTo names: its auth host, unless a test has set another.
    pub(crate) fn issuer(&self) -> &str {
        self.books.switches.issuer.as_deref().unwrap_or(self.auth_origin)
    }

    /// Issues a token. It has the provider's usual lifetime unless a test has set another.
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
        // A lifetime that ends after the last representable time means that the token never expires.
        let expires = self.now.checked_add(lifetime);
        let ordinal = self.books.tokens.enter(value.clone(), audience, expires);
        Issued { value, ordinal, lifetime }
    }

    /// Redeems a refresh token in the mode that a test has set.
    pub(crate) fn redeem(&mut self, value: &str) -> Option<Redeemed> {
        let books = &mut *self.books;
        let tokens = books.refresh_tokens.as_mut()?;
        let switches = &mut books.switches;
        let mode = switches.refresh_token;
        let redeemed = tokens.redeem(value, mode, switches.rotate_next, &mut books.random, self.now);
        match &redeemed {
            // A replay does not consume `rotate_next`, because its answer has no new refresh token.
            Ok(Redeemed::Again(_)) | Err(NoGood::Replayed) => books.counters.replays += 1,
            Ok(_) => switches.rotate_next = false,
            Err(NoGood::Unknown) => {}
            Err(NoGood::FamilyEnded(family)) => {
                books.counters.replays += 1;
                books.counters.families_killed += 1;
                self.end_family(*family);
            }
        }
        redeemed.ok()
    }

    /// Issues a token that belongs to a sign-in and ends with it.
    pub(crate) fn issue_in_family(&mut self, family: u64, usual_lifetime: Duration) -> Issued {
        let issued = self.issue(usual_lifetime);
        self.books.tokens.set_family(issued.ordinal, family);
        issued
    }

    /// Starts a family of tokens, as a sign-in does. Returns its number and its refresh token.
    pub(crate) fn start_family(&mut self, principal: &str) -> (u64, String) {
        let books = &mut *self.books;
        principal.clone_into(&mut books.principal);
        match &mut books.refresh_tokens {
            Some(tokens) => {
                let value = tokens.start_family(&mut books.random, self.now);
                (tokens.family(), value)
            }
            // GoTab has no single current token, so an earlier sign-in stays valid.
            None => books.lasting_tokens.start_family(&mut books.random),
        }
    }

    /// Revokes all tokens of one sign-in.
    pub(crate) fn end_family(&mut self, family: u64) {
        if let Some(tokens) = &mut self.books.refresh_tokens {
            tokens.end_family(family);
        }
        self.books.lasting_tokens.end_family(family);
        // The access tokens end as well (RFC 9700 section 4.14.2), so a stolen one stops working at once.
        self.books.tokens.end_family(family, Standing::Revoked);
    }

    /// Issues a code for a person's approval.
    pub(crate) fn issue_code(&mut self, approval: Approval) -> String {
        let code = self.books.random.alphanumeric(CODE_LENGTH);
        self.books.codes.enter(code.clone(), approval, self.now);
        self.books.counters.codes_issued += 1;
        code
    }

    /// Takes a code. If the code was used before, the tokens that it gave are revoked (RFC 6749 section 4.1.2).
    pub(crate) fn take_code(&mut self, code: &str) -> Result<Approval, BadCode> {
        let taken = self.books.codes.take(code, self.now);
        if let Err(BadCode::Used(family)) = taken {
            self.books.counters.code_replays += 1;
            if let Some(family) = family {
                self.end_family(family);
            }
        }
        taken
    }

    /// Writes into the log which token this request is about.
    pub(crate) fn note_token(&mut self, ordinal: u64) {
        if let Some(entry) = self.books.log.entry(self.sequence) {
            entry.token = Some(ordinal);
        }
    }
}

// The same as a customer's token at GBG GO.
const END_USER_LIFETIME: Duration = Duration::from_secs(3600);
// About the length of a JWT with few claims.
const USUAL_TOKEN_LENGTH: usize = 420;

/// Longer than most codes, to find clients that cut codes short. GoTo's codes have up to 4096 characters.
const CODE_LENGTH: usize = 300;
