//! `SealingKey`: what the tokens of a record are sealed with.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::config_error::ConfigError;
use crate::secret::Secret;

/// What seals the tokens in a [`FileStore`](crate::FileStore): 32 random bytes. They are wiped when dropped, and `Debug`
/// shows their id alone.
///
/// ```
/// use auth_layer::SealingKey;
///
/// let key = SealingKey::generate()?;
/// let text = key.to_text();
/// assert_eq!(SealingKey::from_text(text.expose())?.id(), key.id());
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
pub struct SealingKey {
    bytes: Box<Zeroizing<[u8; LENGTH]>>,
    id: String,
}

impl SealingKey {
    /// A new key, from the randomness of the operating system.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the system has no randomness to give.
    pub fn generate() -> Result<Self, ConfigError> {
        Self::filled(|bytes| {
            getrandom::fill(bytes).map_err(|error| {
                ConfigError::new(WHAT, "the system has no randomness to give").with_source(error)
            })
        })
    }

    /// The key in a text: 32 bytes in base64 (either alphabet), or as 64 hexadecimal digits. White space around it is
    /// no part of it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it is neither.
    pub fn from_text(text: &str) -> Result<Self, ConfigError> {
        let text = text.trim();
        Self::filled(|bytes| {
            let read =
                if text.len() == 2 * LENGTH { from_hex(text, bytes) } else { from_base64(text, bytes) };
            read.ok_or_else(|| {
                ConfigError::new(WHAT, "must be 32 bytes in base64, or 64 hexadecimal digits; make one anew")
            })
        })
    }

    /// The key in a file, as [`from_text`](Self::from_text) reads it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the file cannot be read, holds no key, or can be read by everybody. A group may read it, as is
    /// the way of mounted secrets.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let refused =
            |problem: &str| ConfigError::new(format!("{WHAT} in {}", path.display()), problem.to_owned());
        let unread = |error: std::io::Error| refused("cannot be read").with_source(error);
        let file = File::open(path).map_err(unread)?;
        let found = file.metadata().map_err(unread)?;
        if !found.is_file() {
            return Err(refused("is in no file"));
        }
        if is_open_to_all(&found) {
            return Err(refused("can be read by everybody; run `chmod o-rwx` on it, and make a new key"));
        }
        let mut text = Zeroizing::new(String::with_capacity(LONGEST + 1));
        file.take(LONGEST as u64).read_to_string(&mut text).map_err(unread)?;
        Self::from_text(&text).map_err(|error| refused(error.problem()))
    }

    /// The key as a text, in base64: for the place where it is kept.
    pub fn to_text(&self) -> Secret {
        let mut text = String::with_capacity(LONGEST);
        STANDARD.encode_string(&self.bytes[..], &mut text);
        Secret::new(text)
    }

    /// What a record calls the key it is sealed with: a digest, from which the key cannot be had.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Seals a text for the place that `bound` tells of. The text is turned into what is sealed where it stands.
    pub(super) fn seal(&self, bound: &[u8], mut text: Zeroizing<Vec<u8>>) -> Option<Sealed> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        self.cipher()?.encrypt_in_place(&XNonce::from(nonce), bound, &mut *text).ok()?;
        Some(Sealed { key: self.id.clone(), nonce: STANDARD.encode(nonce), text: STANDARD.encode(&*text) })
    }

    /// Opens what was sealed for the place that `bound` tells of.
    pub(super) fn open(&self, bound: &[u8], sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let nonce: [u8; NONCE] = STANDARD.decode(&sealed.nonce).ok()?.try_into().ok()?;
        let mut text = Zeroizing::new(STANDARD.decode(&sealed.text).ok()?);
        self.cipher()?.decrypt_in_place(&XNonce::from(nonce), bound, &mut *text).ok()?;
        Some(text)
    }

    fn cipher(&self) -> Option<XChaCha20Poly1305> {
        XChaCha20Poly1305::new_from_slice(&self.bytes[..]).ok()
    }

    /// The bytes are put where they stay, so that no copy of them is left behind.
    fn filled(fill: impl FnOnce(&mut [u8; LENGTH]) -> Result<(), ConfigError>) -> Result<Self, ConfigError> {
        let mut bytes = Box::new(Zeroizing::new([0; LENGTH]));
        fill(&mut bytes)?;
        let digest = Sha256::new().chain_update(ID_OF).chain_update(&bytes[..]).finalize();
        let id = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { bytes, id })
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({}, ..)", self.id)
    }
}

/// What was sealed (XChaCha20-Poly1305), with which key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sealed {
    pub(super) key: String,
    nonce: String,
    text: String,
}

fn from_hex(text: &str, bytes: &mut [u8; LENGTH]) -> Option<()> {
    let digits = text.as_bytes().chunks_exact(2);
    for (byte, digits) in bytes.iter_mut().zip(digits) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(digits[0])? * 16 + digit(digits[1])?;
    }
    Some(())
}

fn from_base64(text: &str, bytes: &mut [u8; LENGTH]) -> Option<()> {
    let mut decoded = Zeroizing::new([0; LONGEST]);
    if text.len() > LONGEST {
        return None;
    }
    let engines = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
    let length = engines.iter().find_map(|engine| engine.decode_slice(text, decoded.as_mut_slice()).ok())?;
    bytes.copy_from_slice((length == LENGTH).then_some(&decoded[..LENGTH])?);
    Some(())
}

#[cfg(unix)]
fn is_open_to_all(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    found.mode() & 0o007 != 0
}

#[cfg(not(unix))]
const fn is_open_to_all(_: &std::fs::Metadata) -> bool {
    false
}

const WHAT: &str = "sealing key";

/// So that the id is the digest of nothing else.
const ID_OF: &str = "auth-layer: id of a sealing key: ";

const LENGTH: usize = 32;

const NONCE: usize = 24;

/// The text of a key is not longer, with room around it.
const LONGEST: usize = 128;
