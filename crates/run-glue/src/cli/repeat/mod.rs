//! `run-glue RECORD.json`: a run made again, by flags that are made of its record.
//!
//! What a record does not give back is refused by name: see docs/repeat.md.

mod data;
mod flags;
mod model;
mod settings;
mod typed;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use self::flags::Flags;
use self::typed::Typed;
use crate::grid::Repeated;
use records::record::{RunRecord, Source};
use trainer::error::Error;

/// A record that stands where a JSON file of flags may, and the flags of its run.
#[derive(Debug)]
pub struct Repeat {
    file: PathBuf,
    record: Box<RunRecord>,
    /// Flags that were typed beside it.
    typed: Typed,
    /// The flags, in the form `--flag=value`, but for those that are typed.
    pub(super) flags: Vec<String>,
    /// What the repeat leaves out, a line each.
    pub(super) notes: Vec<String>,
}

impl Repeat {
    /// Whether the fields of a JSON file are those of a record, of whatever format.
    pub(super) fn is_record(fields: &Map<String, Value>) -> bool {
        let has = |name: &str| fields.contains_key(name);
        has("format_version") || has("settings_hash") && has("hyper_parameters")
    }

    /// The run of a record. `typed`: the words beside it, and the flags among them, which go before; `known`: all flags that there are.
    ///
    /// # Errors
    /// What the record cannot give back, and what to do.
    pub(super) fn of(file: &str, typed: (&[OsString], Vec<String>), known: &BTreeSet<String>) -> Result<Self, Error> {
        let record = RunRecord::read(Path::new(file)).map_err(|error| Error::usage(error.to_string()))?;
        let refused = |reason: String| Error::usage(format!("{file}: this run cannot be repeated: {reason}"));
        if let Some(reason) = record.why_not_repeated() {
            return Err(refused(reason));
        }
        let typed = Typed::of(typed.0, typed.1);
        let mut flags = Flags::default();
        settings::add(&record, known, &mut flags).map_err(refused)?;
        model::add(&record, &typed, &mut flags).map_err(refused)?;
        data::add(&record, &typed, &mut flags).map_err(refused)?;
        let notes = settings::add_stages(&record, &typed, &mut flags);
        let mut this = Self { file: file.into(), record: Box::new(record), typed, flags: Vec::new(), notes };
        // The record has all settings, so of several runs nothing is to be filled in. The demo has no recipes but its own.
        if !this.is_embedded() {
            flags.add("recipe", "none");
        }
        this.flags = flags.without(|flag| this.typed.displaces(flag));
        Ok(this)
    }

    /// Whether model or data are those inside the program.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        let (model, data) = (self.record.model.source, self.record.dataset.source);
        model == Source::Embedded && !self.typed.has(model::PLACE)
            || data == Source::Embedded && !data::PLACES.iter().any(|flag| self.typed.has(flag))
    }

    /// What the run is held against.
    #[must_use]
    pub fn repeated(&self) -> Repeated {
        let is_place = |flag: &&String| flag.as_str() == model::PLACE || data::PLACES.contains(&flag.as_str());
        Repeated {
            file: self.file.clone(),
            record: self.record.clone(),
            typed: self.typed.names().to_vec(),
            moves: self.typed.names().iter().any(|flag| is_place(&flag)),
        }
    }
}
