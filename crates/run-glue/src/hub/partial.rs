//! A file that is arriving: `blobs/<etag>.incomplete`, its bytes hashed as they come.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::error::HubError;
use super::remote::Facts;

/// What arrived is not what was announced.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) what: &'static str,
    pub(super) expected: String,
    pub(super) got: String,
}

/// The file as far as it is on the disk.
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    len: u64,
    facts: Facts,
    hash: Hash,
}

/// Large files are named by their sha256, small ones by git's name for them; other servers may name them as they like.
enum Hash {
    Sha256(Sha256),
    Git(Sha1),
    Unknown,
}

impl Hash {
    fn of(facts: &Facts) -> Self {
        let is_hex = facts.etag.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match (facts.etag.len(), facts.size) {
            (64, _) if is_hex => Self::Sha256(Sha256::new()),
            (40, Some(size)) if is_hex => Self::Git(Sha1::new_with_prefix(format!("blob {size}\0"))),
            _ => Self::Unknown,
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Git(hash) => hash.update(bytes),
            Self::Unknown => {}
        }
    }

    fn finish(self) -> Option<(&'static str, String)> {
        match self {
            Self::Sha256(hash) => Some(("sha256", hex(&hash.finalize()))),
            Self::Git(hash) => Some(("git sha1", hex(&hash.finalize()))),
            Self::Unknown => None,
        }
    }
}

impl Partial {
    /// Opens what an earlier run left of `blob`, or begins anew.
    pub(super) fn open(blob: &Path, facts: &Facts) -> Result<Self, HubError> {
        let path = incomplete(blob);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(HubError::disk("cannot make the folder", folder))?;
        }
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(HubError::disk("cannot open", &path))?;
        let mut partial = Self { path, file, len: 0, facts: facts.clone(), hash: Hash::of(facts) };
        let left = partial.file.metadata().map_err(HubError::disk("cannot read", &partial.path))?.len();
        if facts.size.is_some_and(|size| left > size) {
            // Whatever this is, it is not a part of the file.
            partial.restart()?;
        } else if left > 0 {
            partial.hash_what_is_there()?;
        }
        Ok(partial)
    }

    fn hash_what_is_there(&mut self) -> Result<(), HubError> {
        let mut buffer = vec![0; 1 << 18];
        loop {
            let read = self.file.read(&mut buffer).map_err(HubError::disk("cannot read", &self.path))?;
            if read == 0 {
                return Ok(());
            }
            self.hash.update(&buffer[..read]);
            self.len += read as u64;
        }
    }

    /// Bytes that are there.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds bytes.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        self.file.write_all(bytes).map_err(HubError::disk("cannot write", &self.path))?;
        self.hash.update(bytes);
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Throws away what is there.
    pub(super) fn restart(&mut self) -> Result<(), HubError> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)))
            .map_err(HubError::disk("cannot write", &self.path))?;
        self.len = 0;
        self.hash = Hash::of(&self.facts);
        Ok(())
    }

    /// Gives the whole file its name, or throws it away and says what is wrong with it.
    pub(super) fn finish(self, blob: &Path) -> Result<Result<(), Wrong>, HubError> {
        let wrong = match (self.facts.size, self.hash.finish()) {
            (Some(size), _) if size != self.len => {
                Some(Wrong { what: "size", expected: size.to_string(), got: self.len.to_string() })
            }
            (_, Some((what, got))) if got != self.facts.etag => {
                Some(Wrong { what, expected: self.facts.etag.clone(), got })
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            std::fs::remove_file(&self.path).map_err(HubError::disk("cannot remove", &self.path))?;
            return Ok(Err(wrong));
        }
        // Some file systems only say here that the disk is full.
        self.file.sync_all().map_err(HubError::disk("cannot write", &self.path))?;
        std::fs::rename(&self.path, blob).map_err(HubError::disk("cannot write", blob))?;
        Ok(Ok(()))
    }
}

/// The name that Python gives it too.
fn incomplete(blob: &Path) -> PathBuf {
    let mut name = blob.as_os_str().to_owned();
    name.push(".incomplete");
    PathBuf::from(name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
