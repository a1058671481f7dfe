//! The table in each of its forms, one file a form.

mod csv;
mod grid;
mod json;
mod latex;
mod markdown;
mod text;

use std::str::FromStr;
use std::time::SystemTime;

use crate::compare::comparison::Comparison;
use crate::compare::html;
use crate::fitted::Width;
use records::Error;
use records::utc::rfc3339;

/// A form that a comparison can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns, for terminals.
    Text,
    /// Every number, for programs.
    Json,
    /// A line a model, task and metric.
    Csv,
    /// A table for GitHub and model cards.
    Markdown,
    /// A table with booktabs.
    Latex,
    /// One page with tables and charts, which needs no network.
    Html,
}

/// No form has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no format; expected one of {names}", names = Format::ALL.map(Format::name).join(", "))]
pub struct UnknownFormat(String);

impl Format {
    /// All forms.
    pub const ALL: [Self; 6] = [Self::Text, Self::Json, Self::Csv, Self::Markdown, Self::Latex, Self::Html];

    /// Its name on a command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Latex => "latex",
            Self::Html => "html",
        }
    }

    /// Endings of its files without the dot, the usual one first.
    #[must_use]
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Text => &["txt"],
            Self::Json => &["json"],
            Self::Csv => &["csv"],
            Self::Markdown => &["md"],
            Self::Latex => &["tex"],
            Self::Html => &["html", "htm"],
        }
    }

    /// By the ending of a file's name, in letters of any case.
    #[must_use]
    pub fn of_extension(extension: &str) -> Option<Self> {
        let has = |format: &Self| format.extensions().iter().any(|own| own.eq_ignore_ascii_case(extension));
        Self::ALL.into_iter().find(has)
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let named = Self::ALL.into_iter().find(|format| format.name() == name);
        named.ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// A comparison in one of its forms.
///
/// # Errors
/// When a chart cannot be drawn.
pub fn render(comparison: &Comparison<'_>, format: Format) -> Result<String, Error> {
    Ok(match format {
        Format::Text => text::render(comparison, None),
        Format::Json => json::render(comparison),
        Format::Csv => csv::render(comparison)?,
        Format::Markdown => markdown::render(comparison),
        Format::Latex => latex::render(comparison),
        Format::Html => html::render(comparison, &rfc3339(SystemTime::now()))?,
    })
}

/// The table for a terminal of this width: a wider one goes on below.
pub(super) fn text_within(comparison: &Comparison<'_>, width: Width) -> String {
    text::render(comparison, width)
}
