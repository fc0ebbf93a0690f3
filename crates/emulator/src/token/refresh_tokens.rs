//! GoTo's refresh token. One is valid at a time, for thirty days. Each sign-in starts a family of them.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use crate::random::Random;
use crate::switches::RefreshTokenMode;

/// The lifetime of a refresh token.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// From this age on, in the last day of its life, a refresh replaces it in every mode.
const REPLACED_AFTER: Duration = Duration::from_secs(29 * 24 * 60 * 60);

/// GoTo's tokens are several kilobytes long. Its documents mention up to 4096 characters.
pub(crate) const GOTO_TOKEN_LENGTH: usize = 3600;

pub(crate) struct RefreshTokens {
    /// The sign-in to which the tokens belong.
    family: u64,
    current: Option<Current>,
    /// The tokens of this family that were replaced.
    spent: HashMap<String, Spent>,
}

struct Current {
    value: String,
    since: SystemTime,
    /// The number of tokens of the family before this one.
    rank: usize,
}

#[derive(Clone, Copy)]
struct Spent {
    at: SystemTime,
    rank: usize,
}

impl RefreshTokens {
    pub(crate) fn new(value: String, now: SystemTime) -> Self {
        Self { family: 0, current: Some(Current { value, since: now, rank: 0 }), spent: HashMap::new() }
    }

    pub(crate) fn current(&self) -> Option<&str> {
        self.current.as_ref().map(|current| current.value.as_str())
    }

    pub(crate) fn family(&self) -> u64 {
        self.family
    }

    /// Returns whether a token is of this family, even if it was replaced.
    pub(crate) fn knows(&self, value: &str) -> bool {
        self.current() == Some(value) || self.spent.contains_key(value)
    }

    /// Starts a new family in place of the old one, as a sign-in does. Returns its first token.
    pub(crate) fn start_family(&mut self, random: &mut Random, now: SystemTime) -> String {
        let value = random.token(GOTO_TOKEN_LENGTH);
        self.family += 1;
        self.current = Some(Current { value: value.clone(), since: now, rank: 0 });
        // A token of the old family is unknown from now on, and sending it must not end the new family.
        self.spent.clear();
        value
    }

    pub(crate) fn revoke(&mut self) {
        self.current = None;
    }

    /// Ends a family, unless a later sign-in has already replaced it.
    pub(crate) fn end_family(&mut self, family: u64) {
        if self.family == family {
            self.revoke();
        }
    }

    /// Redeems a refresh token. Returns the content of the answer, or the reason why the token is refused.
    ///
    /// If `rotates` is true, the answer has a new token in every mode.
    pub(crate) fn redeem(
        &mut self,
        value: &str,
        mode: RefreshTokenMode,
        rotates: bool,
        random: &mut Random,
        now: SystemTime,
    ) -> Result<Redeemed, NoGood> {
        let Some(current) = self.current.as_ref().filter(|current| current.value == value) else {
            return self.replayed(value, mode, now);
        };
        // A clock that was set back makes the token new, not invalid.
        let age = now.duration_since(current.since).unwrap_or_default();
        if age >= LIFETIME {
            return Err(NoGood::Unknown);
        }
        if rotates || mode.rotates() || age >= REPLACED_AFTER {
            return Ok(Redeemed::Rotated(self.rotate(random, now)));
        }
        Ok(match mode {
            RefreshTokenMode::Absent => Redeemed::Silent,
            _ => Redeemed::Same(value.to_owned()),
        })
    }

    fn rotate(&mut self, random: &mut Random, now: SystemTime) -> String {
        let value = random.token(GOTO_TOKEN_LENGTH);
        let mut rank = 0;
        if let Some(old) = self.current.take() {
            // The rank shows whether a replaced token is the direct predecessor of the current one. Only that one has
            // grace.
            rank = old.rank + 1;
            self.spent.insert(old.value, Spent { at: now, rank: old.rank });
        }
        self.current = Some(Current { value: value.clone(), since: now, rank });
        value
    }

    /// Handles a token that is not the current one: it is unknown, or it was replaced.
    fn replayed(&mut self, value: &str, mode: RefreshTokenMode, now: SystemTime) -> Result<Redeemed, NoGood> {
        let spent = *self.spent.get(value).ok_or(NoGood::Unknown)?;
        // The family has ended already, so this replay must not be counted as the end of a family.
        let current = self.current.as_ref().ok_or(NoGood::Replayed)?;
        match mode {
            RefreshTokenMode::RotateWithGrace(grace) if spent.is_excused(current, grace, now) => {
                return Ok(Redeemed::Again(current.value.clone()));
            }
            RefreshTokenMode::RotateStrict | RefreshTokenMode::RotateWithGrace(_) => {}
            _ => return Err(NoGood::Replayed),
        }
        self.revoke();
        Err(NoGood::FamilyEnded(self.family))
    }
}

impl Spent {
    /// Returns whether the grace period covers this token. The period also ends when the successor is used, because
    /// then the client has received the answer.
    fn is_excused(self, current: &Current, grace: Duration, now: SystemTime) -> bool {
        let since = now.duration_since(self.at).unwrap_or_default();
        self.rank + 1 == current.rank && since < grace
    }
}

impl fmt::Debug for RefreshTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokens").field("family", &self.family).finish_non_exhaustive()
    }
}

/// The refresh token in the answer to a refresh.
pub(crate) enum Redeemed {
    Same(String),
    Silent,
    Rotated(String),
    /// The same successor as before.
    Again(String),
}

/// The reason why a refresh token is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoGood {
    Unknown,
    /// The token was replaced before.
    Replayed,
    /// The token was replaced before, and sending it again has ended its family.
    FamilyEnded(u64),
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{LIFETIME, NoGood, REPLACED_AFTER, Redeemed, RefreshTokens};
    use crate::random::Random;
    use crate::switches::RefreshTokenMode::{self, Rotate, RotateStrict, RotateWithGrace, Same};

    struct Rig(RefreshTokens, Random);

    impl Rig {
        fn new() -> Self {
            Self(RefreshTokens::new("first".to_owned(), SystemTime::UNIX_EPOCH), Random::new(1))
        }

        fn redeem(&mut self, value: &str, mode: RefreshTokenMode, at: Duration) -> Result<Redeemed, NoGood> {
            self.0.redeem(value, mode, false, &mut self.1, SystemTime::UNIX_EPOCH + at)
        }
    }

    #[test]
    fn a_token_is_replaced_in_its_last_day_and_dies_after_it() {
        let mut rig = Rig::new();
        let early = REPLACED_AFTER - Duration::from_secs(1);
        assert!(matches!(rig.redeem("first", Same, early), Ok(Redeemed::Same(_))));
        assert!(rig.redeem("first", Same, LIFETIME).is_err());
        assert!(matches!(rig.redeem("first", Same, REPLACED_AFTER), Ok(Redeemed::Rotated(_))));
        assert!(rig.redeem("first", Same, Duration::ZERO).is_err());
    }

    #[test]
    fn a_rotated_token_is_dead_and_its_successor_lives() {
        let mut rig = Rig::new();
        let Ok(Redeemed::Rotated(second)) = rig.redeem("first", Rotate, Duration::ZERO) else {
            panic!("rotated");
        };
        assert_eq!(rig.redeem("first", Rotate, Duration::ZERO).err(), Some(NoGood::Replayed));
        assert!(rig.redeem(&second, Rotate, Duration::ZERO).is_ok());
    }

    #[test]
    fn a_replay_ends_the_family_once_and_not_the_next_one() {
        let mut rig = Rig::new();
        assert!(rig.redeem("first", RotateStrict, Duration::ZERO).is_ok());
        let again = rig.redeem("first", RotateStrict, Duration::ZERO);
        assert_eq!(again.err(), Some(NoGood::FamilyEnded(0)));
        assert_eq!(rig.redeem("first", RotateStrict, Duration::ZERO).err(), Some(NoGood::Replayed));
        let Rig(tokens, random) = &mut rig;
        let next = tokens.start_family(random, SystemTime::UNIX_EPOCH);
        assert_eq!(rig.redeem("first", RotateStrict, Duration::ZERO).err(), Some(NoGood::Unknown));
        rig.0.end_family(0);
        assert_eq!(rig.0.current(), Some(next.as_str()));
    }

    #[test]
    fn grace_gives_the_same_successor_until_its_time_is_up() {
        let grace = RotateWithGrace(Duration::from_secs(30));
        let mut rig = Rig::new();
        let Ok(Redeemed::Rotated(second)) = rig.redeem("first", grace, Duration::ZERO) else {
            panic!("rotated");
        };
        let just = rig.redeem("first", grace, Duration::from_millis(29_999));
        assert!(matches!(just, Ok(Redeemed::Again(again)) if again == second));
        let late = rig.redeem("first", grace, Duration::from_secs(30));
        assert_eq!(late.err(), Some(NoGood::FamilyEnded(0)));
    }

    #[test]
    fn grace_ends_once_the_successor_was_used() {
        let grace = RotateWithGrace(Duration::from_secs(30));
        let mut rig = Rig::new();
        let Ok(Redeemed::Rotated(second)) = rig.redeem("first", grace, Duration::ZERO) else {
            panic!("rotated");
        };
        assert!(rig.redeem(&second, grace, Duration::ZERO).is_ok());
        let late = rig.redeem("first", grace, Duration::ZERO);
        assert_eq!(late.err(), Some(NoGood::FamilyEnded(0)));
    }
}
